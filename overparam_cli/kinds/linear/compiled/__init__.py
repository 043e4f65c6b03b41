"""The compiled gradient kernel: C beside this file, built where there is a GCC or Clang, and its loading by ctypes."""

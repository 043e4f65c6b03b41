"""A claim under every defensible combination of the choices that the paper leaves open: a multiverse analysis.

An *axis* is one open choice with its *options*; a *world* is one option of every axis (Steegen et al. 2016). Worlds are
ordinary runs with overrides, or ordinary runs read in another way; `worlds.csv` says in which of them each claim holds.

`model` the file as data    `tables`, `loading` from TOML      `worlds` which worlds a claim has
`grids`, `training` which trials they need, in which folders   `running` training them
`views`, `library` a world's runs                              `judging`, `deciding`, `record` what came out
"""

"""What tests of figures look at: lines by their label, marks, texts, and whether anything collides."""

from matplotlib.backends.backend_agg import FigureCanvasAgg


def line(axes, label):
    (found,) = [line for line in axes.lines if line.get_label() == label]
    return found


def marked(axes, gid):
    return [line for line in axes.lines if line.get_gid() == gid]


def texts(figure):
    """Everything that is written on a figure."""
    found = [figure.get_suptitle(), figure.get_supxlabel()]
    for axes in figure.axes:
        found += [axes.get_title(loc="left"), axes.get_xlabel(), axes.get_ylabel()]
        found += [text.get_text() for text in axes.texts]
        found += [text.get_text() for text in axes.get_legend().get_texts()] if axes.get_legend() else []
    return "\n".join(found)


def assert_tidy(figure):
    """Nothing leaves the figure, no texts overlap, and no legend covers a curve."""
    FigureCanvasAgg(figure).draw()
    renderer = figure.canvas.get_renderer()
    heads = [t for axes in figure.axes for t in axes.texts if t.get_gid() == "data"]
    heads += [axes.title for axes in figure.axes] + [axes._left_title for axes in figure.axes]
    outer = [text for text in (figure._suptitle, figure._supxlabel) if text is not None]
    labels = [axes.xaxis.label for axes in figure.axes] + [axes.yaxis.label for axes in figure.axes]
    legends = [axes.get_legend() for axes in figure.axes if axes.get_legend()]
    said = [text for text in [*heads, *outer, *labels] if text.get_text()]
    boxes = [artist.get_window_extent(renderer) for artist in [*said, *legends]]
    width, height = figure.canvas.get_width_height()
    for box in boxes:
        assert box.x0 >= -1
        assert box.y0 >= -1
        assert box.x1 <= width + 1
        assert box.y1 <= height + 1
    for place, box in enumerate(boxes):
        assert not any(box.shrunk(0.98, 0.9).overlaps(other) for other in boxes[place + 1 :])
    for axes, legend in ((legend.axes, legend) for legend in legends):
        paths = [drawn.get_path().transformed(drawn.get_transform()) for drawn in axes.lines]
        assert not any(path.intersects_bbox(legend.get_window_extent(), filled=False) for path in paths)

"""Pictures of a signature pad: what goes to its screen, and ink as a person sees it."""

import io
import itertools
from collections.abc import Sequence
from typing import Final

from PIL import Image, ImageDraw, UnidentifiedImageError

from drivers.interfaces.signature import Ink, Sample, bounds
from drivers.signature_pad.traits import ScreenTraits

PIXELS_MAX: Final = 8_000_000
INK_PX_MAX: Final = 1200
_PAPER: Final = (255, 255, 255)
_INK: Final = (16, 24, 96)
_MARGIN: Final = 0.05


class NoPicture(Exception):
    """These bytes are no picture that can be shown; the text says why."""


def pixels(png: bytes, screen: ScreenTraits) -> bytes:
    """A picture as the pad wants it, made to fit on white. Raises `NoPicture`."""
    size = screen.width_px, screen.height_px
    try:
        with Image.open(io.BytesIO(png), formats=("PNG",)) as opened:
            if opened.width * opened.height > PIXELS_MAX:
                raise NoPicture(f"{opened.width}x{opened.height} pixels are too many")
            image = opened.convert("RGBA")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise NoPicture("no PNG") from error
    image.thumbnail(size)
    page = Image.new("RGB", size, _PAPER)
    page.paste(image, ((size[0] - image.width) // 2, (size[1] - image.height) // 2), image)
    return _packed(page, screen)


def unpacked(data: bytes, screen: ScreenTraits) -> Image.Image:
    """The picture of such bytes, as the pad shows it; what is missing is white."""
    size = screen.width_px, screen.height_px
    match screen.colours:
        case "mono":
            row = -(-size[0] // 8)
            return Image.frombytes("1", size, data.ljust(row * size[1], b"\xff")[: row * size[1]]).convert("RGB")
        case "bgr24":
            count = size[0] * size[1] * 3
            return Image.frombytes("RGB", size, data.ljust(count, b"\xff")[:count], "raw", "BGR")
        case "rgb565":
            count = size[0] * size[1] * 2
            return Image.frombytes("RGB", size, data.ljust(count, b"\xff")[:count], "raw", "BGR;16")


def _packed(page: Image.Image, screen: ScreenTraits) -> bytes:
    match screen.colours:
        case "mono":
            return page.convert("1").tobytes()
        case "bgr24":
            return page.tobytes("raw", "BGR")
        case "rgb565":
            words = bytearray()
            raw = page.tobytes()
            for red, green, blue in zip(raw[0::3], raw[1::3], raw[2::3], strict=True):
                words += ((red >> 3) << 11 | (green >> 2) << 5 | blue >> 3).to_bytes(2, "little")
            return bytes(words)


def png_of(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def draw_ink(image: Image.Image, samples: Sequence[Sample], scale: tuple[float, float], pressure_max: int) -> None:
    """Strokes on a picture; the harder the pen was pressed, the broader."""
    pen = ImageDraw.Draw(image)
    for before, now in itertools.pairwise(samples):
        if before.down and now.down:
            width = 1 + round(3 * now.pressure / pressure_max)
            ends = [(point.x * scale[0], point.y * scale[1]) for point in (before, now)]
            pen.line(ends, fill=_INK, width=width)


def ink_png(ink: Ink) -> bytes:
    """A signature alone, cut to its edges, as PNG. For a person; evidence are the samples."""
    edges = bounds(ink.samples)
    if edges is None:
        return png_of(Image.new("RGB", (8, 8), _PAPER))
    x1, y1, x2, y2 = edges
    margin = round(max(x2 - x1, y2 - y1, 1) * _MARGIN) + 1
    width, height = x2 - x1 + 2 * margin, y2 - y1 + 2 * margin
    scale = INK_PX_MAX / max(width, height)
    image = Image.new("RGB", (max(1, round(width * scale)), max(1, round(height * scale))), _PAPER)
    moved = [Sample(s.t_ms, s.x - x1 + margin, s.y - y1 + margin, s.pressure) for s in ink.samples]
    draw_ink(image, moved, (scale, scale), ink.tablet.pressure_max)
    return png_of(image)

"""Papers with a digit on them, as cameras see them: seeded, of every kind that people write on."""

import io

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

WIDTH, HEIGHT, SIZE = 480, 600, 260
AROUND = [(-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1)]
WHITE, BLACK = (236, 235, 230), (30, 30, 36)


def mask(random, digit, size=SIZE, shape=(HEIGHT, WIDTH), turn=0.0, width=0, place=None):
    """The share of each pixel that ink covers, float (height, width): a digit somewhere on it."""
    image = Image.fromarray(digit).resize((size, size), Image.Resampling.BICUBIC)
    if turn:
        image = image.rotate(turn, Image.Resampling.BICUBIC)
    if width:
        image = thinned(np.asarray(image) > 90, width)
    elif random.random() < 0.5:  # a pen's sharp edge; else as soft as MNIST's grows
        image = image.point(lambda value: min(255, max(0, (value - 64) * 4)))
    page = Image.new("L", shape[::-1])
    if place is None:
        place = [int(random.integers(0, max(1, long - size))) for long in shape]
    page.paste(image, tuple(place[::-1]))
    return np.asarray(page) / 255


def thinned(inked, width):
    """The middle of strokes (by Zhang and Suen's thinning), drawn with a pen of `width` pixels."""
    inked, changed = np.pad(inked, 1), True
    while changed:
        changed = False
        for step in (0, 1):
            around = [np.roll(inked, (-y, -x), (0, 1)) for y, x in AROUND]
            n, e, s, w = around[::2]
            count = np.sum(around, axis=0)
            rises = np.sum(
                [~a & b for a, b in zip(around, around[1:] + around[:1], strict=True)], 0
            )
            kept = (n & w & (e | s)) if step else (e & s & (n | w))
            gone = inked & (count >= 2) & (count <= 6) & (rises == 1) & ~kept
            inked, changed = inked & ~gone, changed or gone.any()
    away = ndimage.distance_transform_edt(~inked[1:-1, 1:-1])
    return Image.fromarray((255 * np.clip(width / 2 + 0.5 - away, 0, 1)).astype(np.uint8))


def page(colour, shape=(HEIGHT, WIDTH)):
    return np.ones((*shape, 1)) * np.array(colour, float)


def write(paper, ink, pen):
    return paper + ink[..., None] * (np.array(pen, float) - paper)


def varied(random, colour, by=12):
    """A colour like this one."""
    return np.clip(np.array(colour) + random.integers(-by, by + 1, 3), 0, 255)


def lit(paper, light):
    return paper * np.broadcast_to(light, paper.shape[:2])[..., None]


def grid(shape):
    """y and x of each pixel, from -1 to 1."""
    return np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing="ij")


def lines(random, paper, upright, spacing, width, colour, tilt=2.0):
    """Lines across a paper, level or upright, a little tilted, a little soft."""
    slope = np.tan(np.radians(random.uniform(-tilt, tilt)))
    start = random.uniform(-spacing, 0) - 60
    y, x = np.indices(paper.shape[:2])
    across = (x - slope * y if upright else y - slope * x) - start
    away = np.abs((across + spacing / 2) % spacing - spacing / 2)
    return write(paper, np.clip(width / 2 + 0.5 - away, 0, 1), colour)


LINE_COLOURS = [(120, 150, 205), (150, 150, 155), (95, 125, 190), (185, 195, 210), (150, 190, 170)]


def ruled(random, paper):
    colour = varied(random, LINE_COLOURS[random.integers(5)])
    paper = lines(random, paper, False, random.uniform(28, 70), random.uniform(1, 3.5), colour)
    if random.random() < 0.3:
        red = varied(random, (210, 110, 115))
        paper = lines(random, paper, True, 5000, 2, red)
        at = random.integers(30, 110)
        paper[:, at : at + 2] = red
    return paper


def squared(random, paper, least=18, most=60, width=(1, 3)):
    colour = varied(random, LINE_COLOURS[random.integers(5)])
    spacing, width = random.uniform(least, most), random.uniform(*width)
    tilt = random.uniform(-2.5, 2.5)
    for upright in (False, True):
        turned = -tilt if upright else tilt
        state = np.random.default_rng(int(random.integers(2**31)))
        paper = lines(state, paper, upright, spacing, width, colour, abs(turned))
    return paper


def framed(random, paper, at):
    """A printed box around the digit at `at`."""
    top, left = (int(start - random.integers(4, 40)) for start in at)
    bottom, right = (int(start + SIZE + random.integers(4, 40)) for start in at)
    layer = Image.new("L", (WIDTH, HEIGHT))
    ends = (left, top, right, bottom)
    ImageDraw.Draw(layer).rectangle(ends, outline=255, width=int(random.integers(2, 8)))
    layer = layer.rotate(random.uniform(-2, 2), Image.Resampling.BICUBIC)
    return write(paper, np.asarray(layer) / 255, varied(random, (60, 60, 65), 40))


def on_table(random, paper):
    """The sheet turned a little on a dark table, of which all or some sides show."""
    height, wide = paper.shape[:2]
    left, top, right, bottom = random.integers(10, 75, 4) * (random.random(4) < 0.85)
    sheet = Image.new("L", (wide, height))
    ImageDraw.Draw(sheet).rectangle((left, top, wide - 1 - right, height - 1 - bottom), fill=255)
    sheet = sheet.rotate(random.uniform(-4, 4), Image.Resampling.BICUBIC)
    covered = (np.asarray(sheet) / 255)[..., None]
    table = page(varied(random, [(40, 34, 30), (75, 52, 38), (25, 25, 28)][random.integers(3)]))
    grain = ndimage.gaussian_filter(random.normal(0, 1, paper.shape[:2]), (1, 12))
    return covered * paper + (1 - covered) * (table + 25 * grain[..., None])


def edge(random, soft, curved=False):
    """Light with a shadow over a corner or a side: a straight or curved edge, hard or soft."""
    y, x = grid((HEIGHT, WIDTH))
    angle = random.uniform(0, 2 * np.pi)
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    if curved:
        along = along + random.uniform(0.3, 0.8) * across**2 * random.choice([-1, 1])
    depth = along - random.uniform(0.1, 0.7)
    share = np.clip(depth / soft + 0.5, 0, 1)
    return 1 - random.uniform(0.3, 0.62) * share


def vignette(random):
    y, x = grid((HEIGHT, WIDTH))
    far = (x - random.uniform(-0.3, 0.3)) ** 2 + (y - random.uniform(-0.3, 0.3)) ** 2
    return 1 - random.uniform(0.3, 0.65) * np.clip(far / 2, 0, 1)


def speck(random, paper):
    """A dark speck of 6 to 16 pixels in a corner."""
    radius = int(random.integers(3, 9))
    y, x = random.integers(radius, 40, 2)
    y, x = (y, paper.shape[0] - y)[random.integers(2)], (x, paper.shape[1] - x)[random.integers(2)]
    rows, columns = np.ogrid[: paper.shape[0], : paper.shape[1]]
    inside = (rows - y) ** 2 + (columns - x) ** 2 <= (radius + 0.5) ** 2
    return write(paper, inside * 1.0, varied(random, BLACK))


def sheet(random):
    return page(varied(random, WHITE, 6))


def written(random, digit, paper=None, pen=BLACK, by=12, **options):
    """A digit on a paper: float (height, width, 3)."""
    paper = sheet(random) if paper is None else paper
    ink = mask(random, digit, shape=paper.shape[:2], **options)
    return write(paper, ink, varied(random, pen, by))


def cropped(random, digit):
    ink = mask(random, digit)
    rows, columns = (np.flatnonzero((ink > 0.3).any(axis)) for axis in (1, 0))
    whole = write(sheet(random), ink, varied(random, BLACK))
    return whole[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def in_frame(random, digit):
    at = [int(random.integers(45, long - SIZE - 45)) for long in (HEIGHT, WIDTH)]
    return written(random, digit, framed(random, sheet(random), at), place=at)


def tabled(random, digit):
    at = [int(random.integers(80, long - SIZE - 79)) for long in (HEIGHT, WIDTH)]
    return on_table(random, written(random, digit, place=at))


PAPERS = {
    "plain": written,
    "pencil": lambda r, d: written(r, d, pen=(135, 135, 138), by=20),
    "red on yellow": lambda r, d: written(r, d, page(varied(r, (245, 224, 110))), (200, 40, 45)),
    "chalk": lambda r, d: written(r, d, page(varied(r, (42, 70, 58))), (222, 222, 215)),
    "cropped": cropped,
    "speck": lambda r, d: speck(r, written(r, d)),
    "turned": lambda r, d: written(r, d, turn=20 * r.choice([-1, 1])),
    "thin pen": lambda r, d: written(r, d, width=int(r.integers(3, 9))),
    "fat marker": lambda r, d: written(r, d, width=int(r.integers(32, 62))),
    "ruled": lambda r, d: written(r, d, ruled(r, sheet(r))),
    "squared": lambda r, d: written(r, d, squared(r, sheet(r))),
    "frame": in_frame,
    "table": tabled,
    "shadow": lambda r, d: lit(written(r, d), edge(r, r.choice([0.01, 0.1, 0.4, 0.8]))),
    "curved shadow": lambda r, d: lit(written(r, d), edge(r, r.uniform(0.05, 0.4), curved=True)),
    "vignette": lambda r, d: lit(written(r, d), vignette(r)),
    "jpeg": written,
}
"""Each kind: what makes float (height, width, 3) of a random generator and uint8 (28, 28)."""


def photograph(kind, digit, random):
    """A digit on this kind of paper, as a camera saves it: the bytes of a JPEG file."""
    picture = PAPERS[kind](random, digit)
    noisy = np.rint(picture + random.normal(0, 2, picture.shape)).clip(0, 255).astype(np.uint8)
    content = io.BytesIO()
    quality = int(random.integers(12, 30)) if kind == "jpeg" else 85
    Image.fromarray(noisy).save(content, "jpeg", quality=quality)
    return content.getvalue()

"""Colouring an album: photo after photo in the background, each in one piece, in turn with all other visitors."""

import io
from typing import Final

from PIL import Image

from colorizer import images
from colorizer.images.saving import OutputFormat
from colorizer.inference.colorizer import Colorizer
from colorizer.inference.full_resolution import apply_color, read_lightness, with_alpha
from pages.common.background_jobs import Look as StillWanted
from pages.common.error_boundary import sentence
from pages.common.model_cache import compute_lock, load
from pages.common.photo_library import LibraryPhoto, PhotoLibrary
from pages.common.visitor_memory import visitor_memory
from pages.features.album.entries import KEPT_FORMAT, Look, entry_of, estimated_bytes, format_for, next_to_colour

THUMBNAIL_SIDE: Final = 280  # px of a thumbnail: sharp at half of it
_ENDLESS: Final = 1_000_000  # a fault that leaves a photo undone must not keep a thread for ever


def _model(look: Look) -> Colorizer:
    model = load(look.card)
    return model.with_hint_propagation() if look.propagates and look.hints else model


def _thumbnail(coloured: Image.Image) -> bytes:
    small = coloured.convert("RGB")
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    stream = io.BytesIO()
    small.save(stream, "JPEG", quality=80)
    return stream.getvalue()


def colour_file(photo: LibraryPhoto, look: Look, format: OutputFormat) -> tuple[bytes, bytes]:
    """Colour a photo at its own size: (its file, a thumbnail). It is decoded once, and nothing of it is kept.

    Raises:
        PictureError: it cannot be read any more.
    """
    model = _model(look)
    with compute_lock():
        decoded = images.open_image(photo.content, name=photo.name)
        plane = read_lightness(decoded.image)
        prediction = model.predict_plane(plane, look.hints or None).rendered(look.options)
        coloured = with_alpha(apply_color(plane, prediction), decoded.alpha)
        note = model.describe(look.options, len(look.hints))
        return images.encode_image(coloured, format, note), _thumbnail(coloured)


def colour_album(library: PhotoLibrary, still_wanted: StillWanted) -> None:
    """Colour the photos of an album until each is as it is wanted."""
    for _ in range(_ENDLESS):
        still_wanted()
        photo = next_to_colour(list(library.photos.values()))
        if photo is None:
            return
        _colour_one(photo, library)


def _colour_one(photo: LibraryPhoto, library: PhotoLibrary) -> None:
    entry = entry_of(photo)
    look = entry.wanted
    if look is None:
        return
    try:
        file, thumbnail = colour_file(photo, look, format_for(photo, KEPT_FORMAT))
    except Exception as error:  # one photo's failure, of whatever kind, must not touch the others
        entry.fill(look, b"", None, sentence(error, photo.name))
        return
    archive = sum(estimated_bytes(other, KEPT_FORMAT) for other in list(library.photos.values()))
    has_room = len(file) + archive <= visitor_memory().room()  # what is kept leaves room for the ZIP
    entry.fill(look, thumbnail, file if has_room else None)

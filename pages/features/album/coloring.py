"""Colouring an album: photo after photo in the background, each in one piece, in turn with all other visitors."""

from typing import Final

from colorizer import images
from colorizer.images.saving import OutputFormat
from colorizer.inference.colorizer import Colorizer
from colorizer.inference.full_resolution import apply_color, read_lightness, with_alpha
from pages.common.background_jobs import StillWanted
from pages.common.error_boundary import sentence
from pages.common.model_cache import compute_lock, load
from pages.common.photo_library import LibraryPhoto, PhotoLibrary
from pages.common.previews import encode_thumbnail
from pages.common.visitor_memory import visitor_memory
from pages.features.album.entries import (
    KEPT_FORMAT,
    ColoringOptions,
    entry_of,
    estimated_bytes,
    format_for,
    next_to_colour,
)

THUMBNAIL_SIZE: Final = (280, 280)  # px of a thumbnail: sharp at half of it


def _model(coloring: ColoringOptions) -> Colorizer:
    model = load(coloring.card)
    return model.with_hint_propagation() if coloring.propagates and coloring.hints else model


def colour_file(
    photo: LibraryPhoto, coloring: ColoringOptions, format: OutputFormat, still_wanted: StillWanted = lambda: None
) -> tuple[bytes, bytes]:
    """Colour a photo at its own size: (its file, a thumbnail). It is decoded once, and nothing of it is kept.

    Args:
        photo: one of an album.
        coloring: how it is to be coloured.
        format: of the file.
        still_wanted: called while others have the processor; it raises where nobody waits for the file any more.

    Raises:
        PictureError: it cannot be read any more.
    """
    model = _model(coloring)
    with compute_lock(look=still_wanted):
        decoded = images.open_image(photo.content, name=photo.name)
        plane = read_lightness(decoded.image)
        prediction = model.predict_plane(plane, coloring.hints or None).rendered(coloring.options)
        coloured = with_alpha(apply_color(plane, prediction), decoded.alpha)
        note = model.describe(coloring.options, len(coloring.hints))
        return images.encode_image(coloured, format, note), encode_thumbnail(coloured, THUMBNAIL_SIZE)


def colour_album(library: PhotoLibrary, still_wanted: StillWanted) -> None:
    """Colour the photos of an album until each is as it is wanted."""
    while True:
        still_wanted()
        photo = next_to_colour(list(library.photos.values()))
        if photo is None:
            return
        _colour_one(photo, library, still_wanted)


def _colour_one(photo: LibraryPhoto, library: PhotoLibrary, still_wanted: StillWanted) -> None:
    entry = entry_of(photo)
    coloring = entry.wanted
    if coloring is None:
        return
    try:
        file, thumbnail = colour_file(photo, coloring, format_for(photo, KEPT_FORMAT), still_wanted)
    except Exception as error:  # one photo's failure, of whatever kind, must not touch the others
        entry.fill(coloring, b"", None, sentence(error, photo.name))
        return
    archive = sum(estimated_bytes(other, KEPT_FORMAT) for other in list(library.photos.values()))
    has_room = len(file) + archive <= visitor_memory().room()  # what is kept leaves room for the ZIP
    entry.fill(coloring, thumbnail, file if has_room else None)

"""Downloads of versions: each at the photo's own size, and all on one sheet; made when they are asked for."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st
from PIL import Image
from streamlit.delta_generator import DeltaGenerator

from colorizer import images
from colorizer.analysis.alternatives import Version
from colorizer.checkpoints.card import Card
from colorizer.images.animation import Frame, encode_sheet
from colorizer.images.saving import OutputFormat
from colorizer.inference.full_resolution import compose, with_alpha
from pages.common.downloads import Wish
from pages.common.model_cache import Answer, Look, compose_preview, load, turn
from pages.common.photo_library import Shot

_MAX_SIDE = 800  # px, of each picture on the sheet
_OWN = "Version 1: the model's own answer."


@dataclass(frozen=True)
class VersionWish(Wish):
    """A version that can be downloaded."""

    number: int
    """Counted from 1."""
    version: Version

    @property
    def file_name(self) -> str:
        stem, _, ending = super().file_name.rpartition(".")
        return f"{stem}-version-{self.number}.{ending}"

    @property
    def note(self) -> str:
        """What the file says of itself: no person placed these hints."""
        described = load(self.card).describe()
        if not self.version.hints:
            return f"{described} {_OWN}"
        return (
            f"{described} Version {self.number}, {self.version.plausibility:.0%} as likely as the likeliest: "
            f"{len(self.version.hints)} colour hints were chosen by the program from the model's own distribution."
        )

    def render(self) -> bytes:
        with turn():
            photo = images.open_image(self.shot.content, name=self.shot.name)
            coloured = with_alpha(compose(photo.image, self.version.chroma), photo.alpha)
            return images.encode_image(coloured, self.format, self.note)


def wishes_of(shot: Shot, card: Card, versions: Sequence[Version], format: OutputFormat) -> list[VersionWish]:
    """A wish for each version."""
    return [
        VersionWish(shot, card, Answer(version.chroma, 0.0, None), Look(), format, number, version)
        for number, version in enumerate(versions, 1)
    ]


def offer_version(place: DeltaGenerator, wish: VersionWish) -> None:
    """A button that downloads one version."""
    place.download_button(
        f"Download version {wish.number}",
        data=wish.render,
        file_name=wish.file_name,
        mime=f"image/{wish.format.lower()}",
        on_click="ignore",
        type="tertiary",
        icon=":material/download:",
        key=f"download-version-{wish.number}",
    )


@dataclass(frozen=True)
class Sheet:
    """All versions as one picture. It holds what it needs: downloads are made outside of the session."""

    shot: Shot
    card: Card
    versions: tuple[Version, ...]

    @property
    def file_name(self) -> str:
        return f"{self.shot.name}-{self.card.id}-versions.png"

    def render(self) -> bytes:
        with turn():
            image = _shrink(self.shot.preview)
            alpha = None if self.shot.preview_alpha is None else _shrink(self.shot.preview_alpha)
            frames = []
            for number, version in enumerate(self.versions, 1):
                aside = f"{version.plausibility:.0%} as likely" if version.changes else "the model's own answer"
                picture = with_alpha(compose_preview(image, version.chroma, Look()), alpha)
                frames.append(Frame(picture, f"Version {number}, {aside}"))
            return encode_sheet(frames, load(self.card).describe())


def offer_sheet(sheet: Sheet) -> None:
    """A button that downloads all versions as one picture."""
    st.download_button(
        "Download a sheet (PNG)",
        data=sheet.render,
        file_name=sheet.file_name,
        mime="image/png",
        on_click="ignore",
        icon=":material/grid_view:",
        key="download-sheet",
        disabled=not sheet.versions,
    )


def _shrink(image: Image.Image) -> Image.Image:
    small = image.copy()
    small.thumbnail((_MAX_SIDE, _MAX_SIDE), Image.Resampling.LANCZOS)
    return small

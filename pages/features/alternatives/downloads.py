"""Downloads of versions: each at the photo's own size, and all on one sheet; made when they are asked for."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image
from streamlit.delta_generator import DeltaGenerator

from colorizer import images
from colorizer.analysis.alternatives import Version
from colorizer.checkpoints.card import Card
from colorizer.images.animation import Frame, encode_sheet
from colorizer.images.saving import OutputFormat
from colorizer.inference.full_resolution import compose, with_alpha
from pages.common.delivery import download_button
from pages.common.downloads import Download
from pages.common.model_cache import Answer, RenderOptions, compose_preview, compute_lock, load
from pages.common.photo_library import LibraryPhoto

_MAX_SIDE = 800  # px, of each picture on the sheet
_OWN = "Version 1: the model's own answer."


@dataclass(frozen=True)
class VersionDownload(Download):
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
        with compute_lock():
            decoded = images.open_image(self.photo.content, name=self.photo.name)
            coloured = with_alpha(compose(decoded.image, self.version.prediction), decoded.alpha)
            return images.encode_image(coloured, self.format, self.note)


def downloads_for(
    photo: LibraryPhoto, card: Card, versions: Sequence[Version], format: OutputFormat
) -> list[VersionDownload]:
    """Make a download of each version."""
    return [
        VersionDownload(photo, card, Answer(version.prediction, 0.0, None), RenderOptions(), format, number, version)
        for number, version in enumerate(versions, 1)
    ]


def offer_version(slot: DeltaGenerator, download: VersionDownload) -> None:
    """Offer one version as a download."""
    download_button(
        f"Download version {download.number}",
        at=slot,
        make=download.render,
        file_name=download.file_name,
        mime=f"image/{download.format.lower()}",
        type="tertiary",
        icon=":material/download:",
        key=f"download-version-{download.number}",
    )


@dataclass(frozen=True)
class Sheet:
    """All versions as one picture. It holds what it needs: downloads are made outside of the session."""

    photo: LibraryPhoto
    card: Card
    versions: tuple[Version, ...]

    @property
    def file_name(self) -> str:
        return f"{self.photo.name}-{self.card.id}-versions.png"

    def render(self) -> bytes:
        with compute_lock():
            image = _shrink(self.photo.preview)
            alpha = None if self.photo.preview_alpha is None else _shrink(self.photo.preview_alpha)
            frames = []
            for number, version in enumerate(self.versions, 1):
                aside = f"{version.plausibility:.0%} as likely" if version.changes else "the model's own answer"
                picture = with_alpha(compose_preview(image, version.prediction, RenderOptions()), alpha)
                frames.append(Frame(picture, f"Version {number}, {aside}"))
            return encode_sheet(frames, load(self.card).describe())


def offer_sheet(sheet: Sheet) -> None:
    """Offer all versions as one picture."""
    download_button(
        "Download a sheet (PNG)",
        make=sheet.render,
        file_name=sheet.file_name,
        mime="image/png",
        icon=":material/grid_view:",
        key="download-sheet",
        disabled=not sheet.versions,
    )


def _shrink(image: Image.Image) -> Image.Image:
    small = image.copy()
    small.thumbnail((_MAX_SIDE, _MAX_SIDE), Image.Resampling.LANCZOS)
    return small

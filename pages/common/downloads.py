"""Downloads: each file is made when it is asked for, at the photo's own size, and never kept."""

import functools
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from colorizer.checkpoints.card import Card
from colorizer.images.saving import MAX_SIDE_PX, OutputFormat
from pages.common import glossary
from pages.common.delivery import download_button
from pages.common.model_cache import Answer, RenderOptions, render
from pages.common.photo_library import LibraryPhoto
from pages.common.snapshots import full_title

ENDINGS: Final[dict[OutputFormat, str]] = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp"}


@dataclass(frozen=True)
class Download:
    """A result that can be downloaded. It holds what it needs: downloads are made outside of the session."""

    photo: LibraryPhoto
    card: Card
    answer: Answer
    options: RenderOptions
    format: OutputFormat

    @property
    def file_name(self) -> str:
        return f"{self.photo.name}-{self.card.id}.{ENDINGS[self.format]}"

    def render(self) -> bytes:
        photo = self.photo
        return render(
            photo.content, photo.name, self.card, self.answer.prediction, self.options.of(self.card), self.format
        )


def choose_format(photo: LibraryPhoto) -> OutputFormat:
    """Choose the file format of downloads, among those that can hold the photo."""
    formats = [name for name in ENDINGS if max(photo.size) <= MAX_SIDE_PX[name]]
    chosen: OutputFormat = st.segmented_control(
        "File format",
        formats,
        default="JPEG",
        required=True,
        key="format",
        help=glossary.FORMAT,
        persist_state="session",
    )
    return chosen


def offer(slot: DeltaGenerator, download: Download) -> None:
    """Offer one result as a download."""
    download_button(
        f"Download {full_title(download.card)}",
        at=slot,
        make=download.render,
        file_name=download.file_name,
        mime=f"image/{download.format.lower()}",
        type="tertiary",
        icon=":material/download:",
        key=f"download-{download.card.id}",
    )


def zipped(downloads: Sequence[Download]) -> bytes:
    """Pack all results into one ZIP, uncompressed; one picture at a time is rendered.

    Entries carry no time, so that the same results are the same file, which Streamlit then holds only once.
    """
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for download in downloads:
            archive.writestr(zipfile.ZipInfo(download.file_name), download.render())
    return stream.getvalue()


def offer_all(name: str, downloads: Sequence[Download], format: OutputFormat) -> None:
    """Offer all results of a photo as one download."""
    download_button(
        f"Download all ({format}, ZIP)",
        make=functools.partial(zipped, downloads),
        file_name=f"{name}-coloured.zip",
        mime="application/zip",
        icon=":material/folder_zip:",
        key="download-all",
        disabled=not downloads,
    )

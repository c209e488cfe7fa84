"""Where many pictures come from: the samples, uploads and ZIP archives, or a folder that the host offers."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from colorizer.images import archives
from colorizer.images.archives import PictureSet
from colorizer.images.limits import MAX_SET_BYTES, MAX_SET_PICTURES, MAX_UPLOAD_MEGABYTES
from pages.common.photo_picker import drop_uploads, read_uploads
from pages.features.ranking.jobs import SAMPLES_TITLE, Measuring
from pages.features.ranking.shipped_samples import sample_entries

UPLOAD, FOLDER = "Upload", "Server folder"
_HELP = (
    f"Up to {MAX_SET_PICTURES} colour pictures, or ZIP archives of them, {MAX_UPLOAD_MEGABYTES} MB a file and "
    f"{MAX_SET_BYTES // 1_000_000} MB together. They stay in the server's memory, each as a square of 256 × 256 "
    "pixels, until you leave or upload others; nothing is written to disk."
)


@dataclass(frozen=True)
class PictureChoice:
    """Which pictures are wanted."""

    source: str
    """Also what the results are kept under."""
    uploader: str = ""
    """The key of the widget that holds the files."""
    folder: Path | None = None

    @property
    def has_files(self) -> bool:
        """Whether there are uploads that were not taken yet."""
        return bool(self.uploader) and bool(st.session_state.get(self.uploader))

    @property
    def is_there(self) -> bool:
        """Whether there is something to measure."""
        return self.has_files or not self.uploader

    @property
    def can_change(self) -> bool:
        """Whether measuring again may find other pictures."""
        return self.folder is not None or self.has_files

    def take(self) -> PictureSet:
        """Read the pictures; uploads are taken out of Streamlit's hands."""
        if self.uploader:
            files = read_uploads(self.uploader)
            drop_uploads(self.uploader)
            return archives.from_files(files)
        if self.folder is not None:
            return archives.from_folder(self.folder)
        return PictureSet(sample_entries())


def _choose_folder(folders: dict[str, Path]) -> PictureChoice:
    name = st.selectbox(
        "Folder",
        list(folders),
        key="ranked-folder",
        help="The host of this app offers it.",
        bind="query-params",
    )
    return PictureChoice(f"{FOLDER} {name}", folder=folders[name])


def choose_pictures(kept: Measuring) -> PictureChoice:
    """Show the ways to choose pictures, and return the choice."""
    folders = archives.allowed_folders()
    source = st.segmented_control(
        "Pictures",
        [SAMPLES_TITLE, UPLOAD, *([FOLDER] if folders else [])],
        default=SAMPLES_TITLE,
        required=True,
        key="ranked-pictures",
        help=_HELP,
        persist_state="session",
    )
    if source == FOLDER and folders:
        return _choose_folder(folders)
    if source != UPLOAD:
        return PictureChoice(SAMPLES_TITLE)
    uploader = f"ranked-upload-{kept.upload_serial}"
    st.file_uploader(
        "Pictures or ZIP archives",
        accept_multiple_files=True,
        max_upload_size=MAX_UPLOAD_MEGABYTES,
        key=uploader,
        label_visibility="collapsed",
    )
    return PictureChoice(UPLOAD, uploader)

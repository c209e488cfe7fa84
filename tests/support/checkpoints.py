"""The card of a toy checkpoint, and a row of its history."""

from colorizer.checkpoints.card import Card, MetricsRow, PictureSet
from colorizer.checkpoints.history import EpochRow

CARD = Card(
    id="toy",
    title='Twelve "images"',
    summary="Größe, 色.",
    family="toys",
    experiment="how many",
    variable="12",
    architecture="resnet18-colorizer",
    head="ab",
    parameters=953_282,
    input_size=128,
    epochs=3,
    loss="MSE",
    optimizer="AdamW",
    hardware="1 thread",
    seconds=1.5,
    weights_licence="for research",
    data_licence="none",
    limitations="It sees\nonly brown.",
    trained_on=PictureSet("toys", 12, "ab"),
    validated_on=PictureSet("toys", 4, "cd"),
    sha256={"model.safetensors": "ef", "snapshots/0010.safetensors": "01", "snapshots/0002.safetensors": "23"},
    metrics=(MetricsRow("checkpoint", "toys", 4, "p", "c", 20.0, 11.0, 14.0, 9.0, 0.9),),
)


def history_row(epoch: int, ab_rmse: float = 14.0) -> EpochRow:
    return EpochRow(epoch, 512 * (epoch + 1), 1 / 3e3, 0.1 + 0.2, 80.5, 22.8, 11.2, ab_rmse, 7.25, 1.125)

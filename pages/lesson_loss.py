"""Lesson 3: MSE or Huber."""

from pages.common.bootstrap import run_through_app
from pages.features.lessons.lessons import LESSONS


def main() -> None:
    from pages.features.lessons.show import show_lesson  # it draws charts, whose library takes a second to import

    show_lesson(LESSONS[2])


run_through_app()
main()

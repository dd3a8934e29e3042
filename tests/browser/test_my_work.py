"""What a visitor trained is found again: opened, renamed, copied, deleted, taken along."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Locator, expect

from tests.browser.playground import Playground
from tests.browser.test_accessibility import APPEARANCES, expect_no_violations
from tests.browser.visits import Visits

STEPS = 40


def open_work(page: Playground, button: str = "My work") -> Locator:
    """Press the button in the bar; return the dialog when it lists something."""
    page.button(button).click()
    dialog = page.page.get_by_role("dialog", name=button)
    expect(dialog.get_by_role("listitem").first).to_be_visible()
    return dialog


def row(dialog: Locator, title: str) -> Locator:
    """The runs of that title."""
    heading = dialog.page.get_by_role("heading", name=re.compile(f"^{title}( Open now)?$"))
    return dialog.get_by_role("listitem").filter(has=heading)


def rename(dialog: Locator, run: Locator, title: str) -> None:
    """Give a run another title by the keyboard."""
    run.get_by_role("button", name=re.compile("^Rename")).press("Enter")
    field = dialog.get_by_role("textbox", name="New name")
    expect(field).to_be_focused()
    field.fill(title)
    field.press("Enter")
    renamed = row(dialog, title)
    expect(renamed.get_by_role("button", name=f"Rename “{title}”")).to_be_focused()


def delete_open_one(page: Playground, dialog: Locator) -> None:
    """Delete the run that is open; return when the page is a fresh one."""
    here = dialog.get_by_role("listitem").filter(has_text="Open now")
    here.get_by_role("button", name=re.compile("^Delete")).click()
    with page.page.expect_event("load"):
        here.get_by_role("button", name="Delete", exact=True).click()
    expect(dialog).to_have_count(0)


def test_a_run_is_copied_opened_deleted_and_comes_back_from_a_file(
    visit: Visits, tmp_path: Path
) -> None:
    page = visit("/?preset=xor")
    page.wait_for_step(STEPS)
    original = page.wire.newest("welcome")["session"]
    step = page.pause()
    dialog = open_work(page)
    here = dialog.get_by_role("listitem")
    expect(here).to_have_count(1)
    expect(here).to_contain_text(re.compile(f"Open now.*Paused.*step {step:,}.*last used"))
    rename(dialog, here, "First attempt")

    row(dialog, "First attempt").get_by_role("button", name=re.compile("^Copy")).click()
    expect(dialog.get_by_role("listitem")).to_have_count(2)
    copy = dialog.get_by_role("listitem").first
    expect(copy).not_to_contain_text("Open now")
    rename(dialog, copy, "Second attempt")

    with page.page.expect_event("load"):
        row(dialog, "Second attempt").get_by_role("button", name="Open “Second attempt”").click()
    page.expect_step(step)
    assert page.wire.newest("welcome")["session"] != original
    assert page.wire.experiment["title"] == "Exclusive or"
    page.play()
    page.wait_for_step(step + STEPS)
    further = page.pause()
    page.page.reload()
    page.expect_step(further)

    dialog = open_work(page)
    expect(row(dialog, "Second attempt")).to_contain_text(f"step {further:,}")
    expect(row(dialog, "Second attempt")).to_contain_text("Open now")
    expect(row(dialog, "First attempt")).to_contain_text(f"step {step:,}")
    with page.page.expect_download() as download:
        row(dialog, "First attempt").get_by_role("link").click()
    assert download.value.suggested_filename == "First attempt.zip"
    file = tmp_path / "run.zip"
    download.value.save_as(file)

    first = row(dialog, "First attempt")
    first.get_by_role("button", name=re.compile("^Delete")).click()
    expect(first).to_contain_text("Delete for good?")
    page.page.keyboard.press("Escape")
    expect(first.get_by_role("button", name="Delete “First attempt”")).to_be_focused()
    first.get_by_role("button", name=re.compile("^Delete")).click()
    first.get_by_role("button", name="Delete", exact=True).click()
    expect(dialog.get_by_role("listitem")).to_have_count(1)
    expect(row(dialog, "Second attempt").get_by_role("button").first).to_be_focused()

    with page.page.expect_file_chooser() as chooser:
        dialog.get_by_role("button", name="Import a file").click()
    chooser.value.set_files(file)
    expect(dialog.get_by_role("listitem")).to_have_count(2)
    back = dialog.get_by_role("listitem").first
    expect(back).to_contain_text(re.compile(f"First attempt.*Paused.*step {step:,}"))
    expect(back.get_by_role("button", name="Open “First attempt”")).to_be_focused()
    page.page.keyboard.press("Enter")
    page.expect_step(step)
    page.play()
    page.wait_for_step(step + STEPS)


def test_the_open_run_is_deleted_and_another_takes_its_place(visit: Visits) -> None:
    page = visit("/?preset=xor")
    page.wait_for_step(STEPS)
    page.pause()
    dialog = open_work(page)
    dialog.get_by_role("button", name=re.compile("^Copy")).click()
    expect(dialog.get_by_role("listitem")).to_have_count(2)
    rename(dialog, dialog.get_by_role("listitem").first, "What stays")
    delete_open_one(page, dialog)
    dialog = open_work(page)
    expect(dialog.get_by_role("listitem")).to_have_count(1)
    expect(row(dialog, "What stays")).to_contain_text("Open now")
    # After the last one the page begins as for a newcomer.
    delete_open_one(page, dialog)
    page.wait_for_step(1)
    dialog = open_work(page)
    expect(dialog.get_by_role("listitem")).to_have_count(1)
    expect(row(dialog, "Spiral")).to_contain_text("Open now")


def test_escape_leaves_a_name_and_then_the_dialog(visit: Visits) -> None:
    page = visit("/?preset=xor")
    page.wait_for_step(1)
    dialog = open_work(page)
    dialog.get_by_role("button", name=re.compile("^Rename")).click()
    dialog.get_by_role("textbox", name="New name").fill("Never saved")
    page.page.keyboard.press("Escape")
    expect(dialog.get_by_role("button", name="Rename “Exclusive or”")).to_be_focused()
    page.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.button("My work")).to_be_focused()


def test_a_dropped_file_that_is_no_run_is_explained(visit: Visits) -> None:
    visit.witness.expect("422")
    page = visit("/?preset=xor")
    page.wait_for_step(1)
    dialog = open_work(page)
    files = page.page.evaluate_handle(
        """() => {
            const transfer = new DataTransfer();
            transfer.items.add(new File(['no run'], 'run.zip', { type: 'application/zip' }));
            return transfer;
        }"""
    )
    dialog.dispatch_event("drop", {"dataTransfer": files})
    expect(dialog.get_by_role("alert")).to_contain_text("This isn't a saved run, or it is damaged.")
    expect(dialog.get_by_role("listitem")).to_have_count(1)


def test_a_stranger_is_told_why_nothing_is_kept(visit: Visits) -> None:
    visit.witness.expect("403")
    page = visit("/?preset=xor")
    page.wait_for_step(1)
    page.page.context.clear_cookies()
    page.button("My work").click()
    dialog = page.page.get_by_role("dialog", name="My work")
    expect(dialog).to_contain_text("The server doesn’t recognise this browser")
    file: FilePayload = {"name": "run.zip", "mimeType": "application/zip", "buffer": b"run"}
    dialog.locator("input[type=file]").set_input_files([file])
    expect(dialog.get_by_role("alert")).to_contain_text("cookies have to be allowed")


@pytest.mark.parametrize("appearance", APPEARANCES)
def test_my_work_is_accessible(visit: Visits, appearance: dict[str, Any]) -> None:
    english = appearance["locale"] == "en-US"
    page = visit("/?preset=xor", **appearance)
    page.wait_for_step(1)
    dialog = open_work(page, "My work" if english else "我的作品")
    dialog.get_by_role("button", name=re.compile("^(Copy|复制)")).click()
    expect(dialog.get_by_role("listitem")).to_have_count(2)
    expect_no_violations(page, "two runs")
    dialog.get_by_role("button", name=re.compile("^(Rename|重命名)")).first.click()
    dialog.get_by_role("button", name=re.compile("^(Delete|删除)")).last.click()
    expect_no_violations(page, "a new name, a question")

"""Signing in and out in a real browser: by the local issuer's ready persons, and with nothing for a script to take."""


def test_somebody_signs_in_as_a_ready_person_and_out_again(visit, window):
    one = visit(window=window)
    page = one.page
    page.goto("/duties?overdue=1")
    assert page.url.endswith("/sign-in?next=%2Fduties%3Foverdue%3D1")

    page.get_by_role("link", name="登录").click()
    assert "虚构" in page.locator("main").inner_text()
    page.get_by_role("button", name="支部书记").click()
    page.wait_for_url("**/duties?overdue=1")

    cookies = {cookie["name"]: cookie for cookie in one.context.cookies()}
    session = cookies["__Host-kiteline"]
    assert (session["secure"], session["httpOnly"], session["sameSite"], session["path"]) == (True, True, "Lax", "/")
    assert page.evaluate("document.cookie") == ""
    kept = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert session["value"] not in kept
    assert "eyJ" not in kept  # how every JWT begins
    assert "__Host-kiteline-signing-in" not in cookies

    if window.phone:
        page.get_by_role("button", name="菜单").click()
    page.get_by_role("button", name="退出").click()
    page.wait_for_url("**/sign-in?left=true")
    one.context.add_cookies([{**session}])
    page.goto("/")
    assert "/sign-in" in page.url

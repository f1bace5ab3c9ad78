// Sets the colour scheme before the first paint, so that a dark page does not flash white.
(function () {
  var kept = null;
  try {
    kept = localStorage.getItem("trackhelm.theme");
  } catch {
    // Storage may be forbidden; the system's scheme is used then.
  }
  var dark =
    kept === "dark" || (kept !== "light" && window.matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.setAttribute("data-mantine-color-scheme", dark ? "dark" : "light");
})();

/* Runs before the first paint: theme and language of the last visit, so that nothing flashes. */
(function () {
  var root = document.documentElement;
  try {
    var theme = localStorage.getItem("hinomi.theme");
    var lang = localStorage.getItem("hinomi.lang") || ((navigator.language || "en").slice(0, 2) === "ja" ? "ja" : "en");
    if (theme === "dark" || theme === "light") root.dataset.theme = theme;
    root.lang = lang;
  } catch (e) {
    root.lang = "en";
  }
})();

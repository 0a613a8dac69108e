"use strict";
(function () {
  var root = document.documentElement;
  var find = function (id) { return document.getElementById(id); };
  var all = function (query, from) { return Array.from((from || document).querySelectorAll(query)); };

  var language = find("language");
  language.hidden = false;
  language.addEventListener("click", function () {
    root.lang = root.lang === "zh" ? "en" : "zh";
  });

  var filters = find("filters"), text = find("text"), stream = find("stream");
  var states = all("input[name=state]", filters);
  var signals = all("article.signal").map(function (article) {
    return {
      article: article,
      words: article.textContent.toLowerCase(),
      state: article.dataset.state,
      streams: article.dataset.streams.split(" ")
    };
  });
  var groups = all("details.group").filter(function (group) { return group.id !== "rest"; });

  function narrow() {
    var words = text.value.trim().toLowerCase();
    var chosen = states.filter(function (box) { return box.checked; }).map(function (box) { return box.value; });
    var active = words !== "" || stream.value !== "" || chosen.length < states.length;
    var n = 0;
    signals.forEach(function (signal) {
      var shown = chosen.includes(signal.state) && signal.words.includes(words) &&
        (stream.value === "" || signal.streams.includes(stream.value));
      signal.article.hidden = !shown;
      n += shown ? 1 : 0;
    });
    groups.forEach(function (group) {
      group.open = active && all("article.signal:not([hidden])", group).length > 0;
    });
    find("shown").firstElementChild.textContent = String(n);
  }

  function unfold(open) {
    all("#signals details").forEach(function (fold) { fold.open = open; });
    find("unfold").setAttribute("aria-pressed", String(open));
  }

  filters.hidden = false;
  filters.addEventListener("submit", function (event) { event.preventDefault(); });
  filters.addEventListener("input", narrow);
  find("clear").addEventListener("click", function () { filters.reset(); narrow(); text.focus(); });
  find("unfold").addEventListener("click", function () {
    unfold(find("unfold").getAttribute("aria-pressed") !== "true");
  });
  narrow();

  var folded = [];
  window.addEventListener("beforeprint", function () {
    folded = all("#news ~ article details:not([open]), .quality details:not([open])");
    folded.forEach(function (fold) { fold.open = true; });
  });
  window.addEventListener("afterprint", function () {
    folded.forEach(function (fold) { fold.open = false; });
  });
})();

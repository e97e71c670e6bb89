// The map of a corpus: fetches its points, follows pointer, keys and legend, and asks the server for what stands beside
// it. Without this file the page is a filter and a table. What is chosen is in the address; scraped text is only text.
(() => {
  "use strict";
  const form = document.getElementById("map");
  const view = form?.querySelector(".map-view"), over = form?.querySelector(".map-over");
  if (!view) return;
  const tip = form.querySelector(".map-tip"), below = form.querySelector(".map-below a"), status = document.getElementById("map-status"), beside = form.dataset.beside;
  const FACETS = ["major", "natural", "programming", "topic"], HUES = 36, REACH = 26; // pixels around a click
  const inks = {};
  const plane = new Plane(form.querySelector(".map-points"), over, inks);
  let data = null;
  form.classList.add("scripted");

  // The clusters of the legend are as far apart as can be; of the others, any two are rarely alike.
  const named = [...form.querySelectorAll(".swatch[data-cluster]")].map((swatch) => Number(swatch.dataset.cluster));
  const hue = (cluster) => (named.includes(cluster) ? Math.floor((named.indexOf(cluster) * HUES) / named.length) : Math.floor(((cluster * 0.6180339887) % 1) * HUES));
  const facet = (name) => form.querySelector(`[data-facet="${name}"]`);
  const boxes = (name) => [...facet(name).querySelectorAll("input")];
  const colouring = () => new FormData(form).get("colour") || "major";

  // Red, green and blue of a colour that CSS names.
  const one = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
  const mixed = (colour) => { one.fillStyle = colour; one.fillRect(0, 0, 1, 1); return [...one.getImageData(0, 0, 1, 1).data].slice(0, 3); };

  // Colours come from the style sheet, which knows light from dark.
  const readInks = () => {
    const style = getComputedStyle(form), read = (name) => style.getPropertyValue(name).trim();
    const ofHue = (at) => `hsl(${Math.round((at * 360) / HUES)} ${read("--map-hue")})`;
    inks.text = read("--text"); inks.ground = read("--surface"); inks.line = read("--line-strong");
    inks.paper = mixed(inks.ground);
    inks.points = colouring() === "topic" ? Array.from({ length: HUES }, (_, at) => mixed(ofHue(at)))
      : boxes(colouring()).map((box) => read(`--map-${box.parentElement.querySelector(".swatch").className.split("c-")[1]}`)).map(mixed);
    for (const swatch of form.querySelectorAll(".swatch[data-cluster]")) swatch.style.background = ofHue(hue(Number(swatch.dataset.cluster)));
  };

  const unpack = (buffer) => {
    const size = new DataView(buffer).getUint32(0, true);
    const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, size))), n = head.count;
    let at = 4 + size;
    const take = (Kind) => { const column = new Kind(buffer, at, n); at += column.byteLength; return column; };
    const found = { ...head, documents: take(Uint32Array), clusterOf: take(Uint32Array) };
    const [across, down] = [take(Uint16Array), take(Uint16Array)];
    found.xs = Float32Array.from(across, (number) => number / 65535);
    found.ys = Float32Array.from(down, (number) => number / 65535);
    found.categoryOf = take(Uint8Array);
    found.values = Object.fromEntries(FACETS.map((name) => [name, take(Uint8Array)]));
    return found;
  };

  // Where most of some points lie together: the middle of those nearest to the middle, three times over.
  const median = (rows, values) => rows.map((i) => values[i]).sort((a, b) => a - b)[rows.length >> 1];
  const heart = (rows) => {
    for (let round = 0; ; round++) {
      const x = median(rows, data.xs), y = median(rows, data.ys);
      if (round === 3 || rows.length < 6) return { x, y };
      const apart = new Map(rows.map((i) => [i, (data.xs[i] - x) ** 2 + (data.ys[i] - y) ** 2]));
      rows = [...rows].sort((a, b) => apart.get(a) - apart.get(b)).slice(0, Math.ceil(rows.length / 2));
    }
  };

  // What the legend leaves, in the chosen colours, and the names that go with it.
  const dress = () => {
    readInks();
    const chosen = colouring();
    for (const name of FACETS) facet(name).classList.toggle("coloured", name === chosen);
    if (!data) return;
    const on = FACETS.map((name) => [data.values[name], boxes(name).map((box) => box.checked)]).filter(([, kept]) => kept.includes(false));
    const hues = new Map(Object.keys(data.clusters).map((number) => [Number(number), hue(Number(number))]));
    const members = new Map();
    for (let i = 0; i < data.count; i++) {
      plane.shown[i] = on.every(([values, kept]) => kept[values[i]]) ? 1 : 0;
      plane.colours[i] = chosen === "topic" ? hues.get(data.clusterOf[i]) : data.values[chosen][i];
      if (!plane.shown[i]) continue;
      const cluster = data.clusterOf[i];
      if (!members.has(cluster)) members.set(cluster, []);
      members.get(cluster).push(i);
    }
    plane.labels = [...members].filter(([cluster, rows]) => rows.length > 1 && data.clusters[cluster])
      .sort((a, b) => b[1].length - a[1].length || a[0] - b[0])
      .map(([cluster, rows]) => ({ cluster, text: data.clusters[cluster].split(" · ").slice(0, 2).join(" · "), ...heart(rows) }));
    plane.change();
  };

  // The address: the form as it stands, without what changes nothing, and what was picked.
  const address = (picked) => {
    const given = new FormData(form), query = new URLSearchParams({ run: given.get("run") });
    if (colouring() !== "major") query.set("colour", colouring());
    for (const name of FACETS) {
      const all = boxes(name), on = all.filter((box) => box.checked);
      if (on.length < all.length) for (const value of on.length ? on.map((box) => box.value) : [""]) query.append(name, value);
    }
    for (const [name, value] of Object.entries(picked)) query.set(name, value);
    return `${location.pathname}?${query}`;
  };
  const ask = (url) => htmx.ajax("GET", url, { target: beside, swap: "innerHTML show:none" });
  const pick = (picked) => ask(address(picked));
  const nothing = () => plane.picked < 0 && !plane.ring;
  const picked = () => (plane.ring ? plane.ring.asked : plane.picked >= 0 ? { cluster: plane.picked } : {});

  // What the server has put beside the map says what is picked.
  const follow = () => {
    const title = document.querySelector(`${beside} [data-picked]`), given = title?.dataset ?? {};
    plane.picked = given.pickedCluster ? Number(given.pickedCluster) : -1;
    plane.ring = given.r ? { x: Number(given.x), y: Number(given.y), r: Number(given.r), asked: { x: given.x, y: given.y, r: given.r } } : null;
    below.textContent = status.textContent = (document.getElementById("beside-title")?.textContent ?? "").trim().replace(/\s+/g, " ");
    plane.change();
  };
  let back = false;
  document.addEventListener("htmx:afterSwap", (event) => {
    if (!event.target.matches(beside)) return;
    const url = event.detail.pathInfo.finalRequestPath;
    if (!back && url !== location.pathname + location.search) history.pushState({ map: true }, "", url);
    back = false;
    event.target.scrollTop = 0;
    follow();
  });
  window.addEventListener("popstate", () => {
    const query = new URLSearchParams(location.search);
    for (const radio of form.querySelectorAll("[name=colour]")) radio.checked = radio.value === (query.get("colour") || "major");
    for (const name of FACETS) for (const box of boxes(name)) box.checked = !query.has(name) || query.getAll(name).includes(box.value);
    back = true;
    dress();
    ask(location.pathname + location.search);
  });

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", (event) => {
    if (event.target.name === "colour") {
      for (const name of FACETS) facet(name).open = name === colouring();
      dress();
      history.replaceState(history.state, "", address(picked()));
    } else { dress(); pick(picked()); }
  });
  form.addEventListener("click", (event) => {
    const doing = event.target.closest("[data-map]")?.dataset.map;
    if (doing === "in") plane.zoomAt(1.6);
    if (doing === "out") plane.zoomAt(1 / 1.6);
    if (doing === "reset") plane.whole();
    if (doing === "all" || doing === "none") {
      for (const box of event.target.closest("[data-facet]").querySelectorAll("input")) box.checked = doing === "all";
      dress();
      pick(picked());
    }
  });

  // The pointer: rest to see what is there, drag to move, two fingers or the wheel to zoom, click to pick.
  let resting = 0;
  const titles = new Map();
  const rest = (px, py) => {
    const label = plane.label(px, py), i = label ? -1 : plane.nearest(px, py);
    over.classList.toggle("naming", Boolean(label));
    const naming = label ? label.cluster : -1;
    if (i === plane.hovered && naming === plane.naming) return;
    plane.hovered = i;
    plane.naming = naming;
    clearTimeout(resting);
    tip.hidden = i < 0;
    if (i >= 0) {
      say(i, px, py);
      if (!titles.has(data.documents[i])) resting = setTimeout(() => fetchTitle(i, px, py), 120);
    }
    plane.change(false);
  };
  const say = (i, px, py) => {
    const title = document.createElement("strong"), number = data.clusterOf[i];
    title.textContent = titles.get(data.documents[i]) ?? "…";
    const names = [data.categories[data.categoryOf[i]], `${number}: ${data.clusters[number]}`].filter(Boolean);
    tip.replaceChildren(title, names.join(" · "));
    const right = px > plane.width / 2, low = py > plane.height / 2;
    tip.style.transform = `translate(${Math.round(px + (right ? -14 : 14))}px, ${Math.round(py + (low ? -14 : 14))}px) translate(${right ? "-100%" : "0"}, ${low ? "-100%" : "0"})`;
  };
  const fetchTitle = async (i, px, py) => {
    const pk = data.documents[i];
    const answer = await fetch(form.dataset.document.replace("/0/", `/${pk}/`)).catch(() => null);
    if (answer?.ok) titles.set(pk, (await answer.json()).title);
    if (plane.hovered === i && titles.has(pk)) say(i, px, py);
  };
  const leave = () => { plane.hovered = plane.naming = -1; tip.hidden = true; clearTimeout(resting); plane.change(false); };
  const click = (px, py) => {
    const label = plane.label(px, py);
    if (label) { pick({ cluster: label.cluster }); return; }
    const i = plane.nearest(px, py), { x, y } = i < 0 ? plane.place(px, py) : { x: data.xs[i], y: data.ys[i] };
    const short = (number) => Math.max(0, Math.min(1, number)).toFixed(5);
    pick({ x: short(x), y: short(y), r: short(REACH / plane.scale) });
  };

  const fingers = new Map();
  let moved = 0;
  const at = (event) => { const box = over.getBoundingClientRect(); return { x: event.clientX - box.left, y: event.clientY - box.top }; };
  over.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    over.setPointerCapture(event.pointerId);
    if (!fingers.size) moved = 0;
    fingers.set(event.pointerId, at(event));
  });
  over.addEventListener("pointermove", (event) => {
    const now = at(event), before = fingers.get(event.pointerId);
    if (!before) { if (data && event.pointerType !== "touch") rest(now.x, now.y); return; }
    const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
    moved += Math.hypot(now.x - before.x, now.y - before.y);
    fingers.set(event.pointerId, now);
    if (moved < 4 && !other) return;
    over.classList.add("moving");
    if (!tip.hidden) leave();
    if (other) plane.zoomAt(Math.hypot(now.x - other.x, now.y - other.y) / Math.max(1, Math.hypot(before.x - other.x, before.y - other.y)), (now.x + other.x) / 2, (now.y + other.y) / 2);
    plane.move((now.x - before.x) / fingers.size, (now.y - before.y) / fingers.size);
  });
  const lift = (event) => {
    const here = fingers.get(event.pointerId);
    if (!fingers.delete(event.pointerId) || fingers.size) { if (here) moved = 99; return; }
    over.classList.remove("moving");
    if (event.type === "pointerup" && moved < 4 && data) click(here.x, here.y);
  };
  for (const end of ["pointerup", "pointercancel"]) over.addEventListener(end, lift);
  over.addEventListener("pointerleave", () => { if (!fingers.size) leave(); });
  over.addEventListener("wheel", (event) => {
    event.preventDefault();
    leave();
    const { x, y } = at(event), step = event.deltaY * (event.deltaMode ? 16 : 1) * (event.ctrlKey ? 4 : 1);
    plane.zoomAt(Math.exp(-Math.max(-240, Math.min(240, step)) * 0.002), x, y);
  }, { passive: false });

  const STEP = 70, KEYS = {
    ArrowLeft: () => plane.move(STEP, 0), ArrowRight: () => plane.move(-STEP, 0),
    ArrowUp: () => plane.move(0, STEP), ArrowDown: () => plane.move(0, -STEP),
    "+": () => plane.zoomAt(1.4), "=": () => plane.zoomAt(1.4), "-": () => plane.zoomAt(1 / 1.4), 0: () => plane.whole(),
    Enter: () => data && click(plane.width / 2, plane.height / 2), Escape: () => nothing() || pick({}),
  };
  over.addEventListener("keydown", (event) => {
    if (!KEYS[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    plane.cross = true;
    KEYS[event.key]();
    plane.change(false);
  });
  over.addEventListener("blur", () => { plane.cross = false; plane.change(false); });
  over.addEventListener("focus", () => { plane.cross = over.matches(":focus-visible"); plane.change(false); });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", dress);

  plane.picked = plane.hovered = plane.naming = -1;
  readInks();
  follow();
  fetch(form.dataset.points).then((answer) => (answer.ok ? answer.arrayBuffer() : Promise.reject(answer.status))).then((buffer) => {
    data = unpack(buffer);
    plane.load({ xs: data.xs, ys: data.ys, clusters: data.clusterOf, shown: new Uint8Array(data.count), colours: new Uint8Array(data.count) });
    dress();
    follow();
    view.dataset.ready = data.count;
  }).catch(() => { tip.textContent = status.textContent = form.dataset.failed; tip.hidden = false; });
})();

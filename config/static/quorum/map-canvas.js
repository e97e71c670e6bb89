// Points on a plane, drawn and found: no state of the page, no words. `new Plane(below, above, ink)` draws the points on
// one canvas, and what changes with the pointer on another above it. Units of the map go from 0 to 1, down and right.
class Plane {
  static MOST = 40; // times the whole map

  constructor(below, above, ink) {
    this.below = below.getContext("2d");
    this.above = above.getContext("2d");
    this.canvas = above;
    this.ink = ink; // points: red, green and blue of each colour number; paper: of the ground; text, ground, line: as CSS names them
    this.home = { x: 0.5, y: 0.5, wide: 1, high: 1 }; // the part of the map that holds points
    this.zoom = 1;
    this.x = this.y = 0.5; // what lies in the middle
    this.count = 0;
    this.labels = []; // { text, x, y, cluster }, the most important first
    this.boxes = []; // where labels stand now
    this.waiting = 0;
    this.fit();
    new ResizeObserver(() => this.fit()).observe(above);
  }

  // The arrays of points, in the order in which they are drawn.
  load(points) {
    Object.assign(this, points);
    this.count = points.xs.length;
    this.side = Math.max(1, Math.min(256, Math.ceil(Math.sqrt(this.count / 2))));
    const cells = new Uint32Array(this.count), starts = new Uint32Array(this.side * this.side + 1);
    for (let i = 0; i < this.count; i++) {
      cells[i] = this.cell(this.xs[i]) + this.side * this.cell(this.ys[i]);
      starts[cells[i] + 1]++;
    }
    for (let cell = 0; cell < this.side * this.side; cell++) starts[cell + 1] += starts[cell];
    this.sorted = new Uint32Array(this.count);
    const next = starts.slice();
    for (let i = 0; i < this.count; i++) this.sorted[next[cells[i]]++] = i;
    this.starts = starts;
    const [left, right] = Plane.ends(this.xs), [top, bottom] = Plane.ends(this.ys);
    this.home = { x: (left + right) / 2, y: (top + bottom) / 2, wide: Math.max(right - left, 0.05), high: Math.max(bottom - top, 0.05) };
    this.whole();
    this.fit();
  }

  static ends(values) {
    return values.reduce(([least, most], value) => [Math.min(least, value), Math.max(most, value)], values.length ? [1, 0] : [0, 1]);
  }

  cell(at) { return Math.max(0, Math.min(this.side - 1, Math.floor(at * this.side))); }

  fit() {
    this.density = window.devicePixelRatio || 1;
    this.width = this.canvas.clientWidth;
    this.height = this.canvas.clientHeight;
    for (const { canvas } of [this.below, this.above]) {
      canvas.width = Math.round(this.width * this.density);
      canvas.height = Math.round(this.height * this.density);
    }
    this.change();
  }

  // Pixels of the page for one unit of the map, and both ways between them.
  get scale() { return Math.min(this.width / this.home.wide, this.height / this.home.high) * 0.92 * this.zoom; }
  across(x) { return (x - this.x) * this.scale + this.width / 2; }
  down(y) { return (y - this.y) * this.scale + this.height / 2; }
  place(px, py) { return { x: (px - this.width / 2) / this.scale + this.x, y: (py - this.height / 2) / this.scale + this.y }; }

  move(px, py) {
    this.x = Math.max(0, Math.min(1, this.x - px / this.scale));
    this.y = Math.max(0, Math.min(1, this.y - py / this.scale));
    this.change();
  }

  // Zoom by a factor; what lies under (px, py) stays there.
  zoomAt(factor, px = this.width / 2, py = this.height / 2) {
    const before = this.place(px, py);
    this.zoom = Math.max(1, Math.min(Plane.MOST, this.zoom * factor));
    const after = this.place(px, py);
    this.x = Math.max(0, Math.min(1, this.x + before.x - after.x));
    this.y = Math.max(0, Math.min(1, this.y + before.y - after.y));
    if (this.zoom === 1) this.whole();
    else this.change();
  }

  whole() {
    this.zoom = 1;
    this.x = this.home.x;
    this.y = this.home.y;
    this.change();
  }

  // The nearest shown point within some pixels, or -1.
  nearest(px, py, within = 9) {
    if (!this.count) return -1;
    const { x, y } = this.place(px, py), r = within / this.scale;
    let best = -1, least = r * r;
    for (let row = this.cell(y - r); row <= this.cell(y + r); row++) {
      const first = this.starts[row * this.side + this.cell(x - r)], end = this.starts[row * this.side + this.cell(x + r) + 1];
      for (let at = first; at < end; at++) {
        const i = this.sorted[at], apart = (this.xs[i] - x) ** 2 + (this.ys[i] - y) ** 2;
        if (apart <= least && this.shown[i]) { least = apart; best = i; }
      }
    }
    return best;
  }

  label(px, py) {
    return this.boxes.find((box) => px >= box.left && px <= box.right && py >= box.top && py <= box.bottom) || null;
  }

  // Everything is drawn once, with the next picture on the screen; `above` alone where no point has moved.
  change(points = true) {
    this.pointsToo ||= points;
    this.waiting ||= requestAnimationFrame(() => {
      this.waiting = 0;
      if (this.pointsToo) this.drawPoints();
      this.pointsToo = false;
      this.drawAbove();
    });
  }

  get radius() { return Math.max(1.3, Math.min(2.8, 150 / Math.sqrt(this.count || 1))) * Math.min(2.6, this.zoom ** 0.4); }

  // A disc as steps from its middle, in a picture of this width, and how strongly each pixel is covered, in 256ths.
  disc(wide) {
    const radius = this.radius * this.density, reach = Math.ceil(radius), steps = [], covered = [];
    for (let y = -reach; y <= reach; y++) {
      for (let x = -reach; x <= reach; x++) {
        const share = Math.max(0, Math.min(1, radius + 0.5 - Math.hypot(x, y)));
        if (share > 0.05) { steps.push(y * wide + x); covered.push(share * 256); }
      }
    }
    return { steps: Int32Array.from(steps), strong: Uint16Array.from(covered, (share) => share * 0.72), faint: Uint16Array.from(covered, (share) => share * 0.1) };
  }

  // Pixel by pixel into one picture, which takes a tenth of the time of 20,000 calls of the canvas. The picture is wider
  // than the canvas by a rim on each side, so that discs at the edge need no care.
  drawPoints() {
    const { canvas } = this.below, rim = Math.ceil(this.radius * this.density) + 1;
    const wide = canvas.width + 2 * rim, high = canvas.height + 2 * rim;
    if (this.picture?.width !== wide || this.picture.height !== high) {
      this.picture = new ImageData(wide, high);
      this.pixels = new Uint32Array(this.picture.data.buffer);
    }
    const { pixels, xs, ys, shown, colours, clusters, picked } = this, { steps, strong, faint } = this.disc(wide);
    const reds = this.ink.points.map(([red]) => red), greens = this.ink.points.map(([, green]) => green), blues = this.ink.points.map(([, , blue]) => blue);
    const [red, green, blue] = this.ink.paper;
    pixels.fill((255 << 24 | blue << 16 | green << 8 | red) >>> 0);
    const scale = this.scale * this.density, right = canvas.width + rim, bottom = canvas.height + rim;
    const left = (this.width / 2 - this.x * this.scale) * this.density, top = (this.height / 2 - this.y * this.scale) * this.density;
    // What was picked is drawn last, over all that is faint.
    for (const cover of picked >= 0 ? [faint, strong] : [strong]) {
      for (let i = 0; i < this.count; i++) {
        if (!shown[i] || (picked >= 0 && (clusters[i] === picked) !== (cover === strong))) continue;
        const px = Math.round(xs[i] * scale + left) + rim, py = Math.round(ys[i] * scale + top) + rim;
        if (px < rim - 1 || py < rim - 1 || px > right || py > bottom) continue;
        const from = py * wide + px, r = reds[colours[i]], g = greens[colours[i]], b = blues[colours[i]];
        for (let step = 0; step < steps.length; step++) {
          const at = from + steps[step], share = cover[step], old = pixels[at];
          const or = old & 255, og = old >> 8 & 255, ob = old >> 16 & 255;
          pixels[at] = -16777216 | ob + ((b - ob) * share >> 8) << 16 | og + ((g - og) * share >> 8) << 8 | or + ((r - or) * share >> 8);
        }
      }
    }
    this.below.putImageData(this.picture, -rim, -rim);
  }

  drawAbove() {
    const ink = this.above, { text, ground, line } = this.ink;
    ink.setTransform(this.density, 0, 0, this.density, 0, 0);
    ink.clearRect(0, 0, this.width, this.height);
    ink.lineWidth = 2;
    if (this.ring) { // what was picked
      ink.strokeStyle = text;
      ink.beginPath();
      ink.arc(this.across(this.ring.x), this.down(this.ring.y), Math.max(4, this.ring.r * this.scale), 0, 2 * Math.PI);
      ink.stroke();
    }
    this.drawLabels(ink, text, ground);
    if (this.hovered >= 0) {
      ink.strokeStyle = text;
      ink.beginPath();
      ink.arc(this.across(this.xs[this.hovered]), this.down(this.ys[this.hovered]), this.radius + 3, 0, 2 * Math.PI);
      ink.stroke();
    }
    if (this.cross) {
      const x = this.width / 2, y = this.height / 2;
      ink.strokeStyle = line;
      ink.beginPath();
      for (const [from, to] of [[-16, -5], [5, 16]]) {
        ink.moveTo(x + from, y); ink.lineTo(x + to, y);
        ink.moveTo(x, y + from); ink.lineTo(x, y + to);
      }
      ink.stroke();
    }
  }

  // The names of the largest clusters, as long as none lies on another.
  drawLabels(ink, text, ground) {
    this.boxes = [];
    const most = Math.min(60, Math.round((this.width * this.height) / 26000 * Math.min(3, this.zoom ** 0.5)));
    ink.font = "600 12px system-ui, sans-serif";
    ink.textAlign = "center";
    ink.textBaseline = "middle";
    ink.lineJoin = "round";
    const first = this.labels.filter((label) => label.cluster === this.picked);
    for (const label of [...first, ...this.labels]) {
      if (this.boxes.length >= most) break;
      const x = this.across(label.x), y = this.down(label.y);
      label.wide ||= ink.measureText(label.text).width / 2 + 5;
      const box = { left: x - label.wide, right: x + label.wide, top: y - 10, bottom: y + 10, cluster: label.cluster, text: label.text, x, y };
      if (box.left < 2 || box.top < 2 || box.right > this.width - 46 || box.bottom > this.height - 2) continue;
      if (this.boxes.some((other) => box.left < other.right && other.left < box.right && box.top < other.bottom && other.top < box.bottom)) continue;
      this.boxes.push(box);
    }
    for (const box of this.boxes) {
      ink.globalAlpha = 0.85;
      ink.strokeStyle = ground;
      ink.lineWidth = 4;
      ink.strokeText(box.text, box.x, box.y);
      ink.globalAlpha = this.picked >= 0 && this.picked !== box.cluster ? 0.55 : 1;
      ink.fillStyle = text;
      ink.fillText(box.text, box.x, box.y);
      if (this.naming === box.cluster) ink.fillRect(box.left + 5, box.y + 8, box.right - box.left - 10, 1);
    }
    ink.globalAlpha = 1;
    ink.lineWidth = 2;
  }
}

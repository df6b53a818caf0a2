/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The script of a report: decodes the run's data, which report.c put into the page, and draws them.
 *
 * Times are in ns, as JavaScript numbers: exact for the first hundred days of a run. The timeline is
 * drawn anew for each view straight from the segments: a binary search finds the first in view, and
 * what is thinner than a pixel is summed up by column, so a million segments are a few milliseconds.
 */
"use strict";
const errors = [];
const told = () => { document.body.dataset.errors = errors.join("; "); };
window.addEventListener("error", e => { errors.push(e.message); told(); });
told();

const D = JSON.parse(document.getElementById("data").textContent);
const R = D.result || {};
const $ = id => document.getElementById(id);
const el = (tag, props, ...kids) => {
	const e = Object.assign(document.createElement(tag), props);
	e.append(...kids);
	return e;
};
const svg = (tag, attrs, text) => {
	const e = document.createElementNS("http://www.w3.org/2000/svg", tag);
	for (const k in attrs)
		e.setAttribute(k, attrs[k]);
	if (text !== undefined)
		e.textContent = text;
	return e;
};
const number = v => typeof v === "number" && isFinite(v);

/* -- numbers as people read them -- */
const trim = (v, digits) => {
	const s = v.toFixed(digits);
	return s.includes(".") ? s.replace(/\.?0+$/, "") : s;
};
/* With @step as on an axis: in the unit that suits the step, as many digits as tell one step from the next. */
function time(ns, step) {
	const size = step ? step * 20 : Math.abs(ns);
	const [unit, name] = size >= 1e9 || size === 0 ? [1e9, "s"] : size >= 1e6 ? [1e6, "ms"] : size >= 1e3 ? [1e3, "µs"] : [1, "ns"];
	const digits = step ? Math.ceil(-Math.log10(step / unit) - 1e-9) : size >= 100 * unit ? 1 : size >= 10 * unit ? 2 : 3;
	return trim(ns / unit, unit === 1 ? 0 : Math.max(0, digits)) + " " + name;
}
const percent = v => number(v) ? (100 * v).toFixed(1) + " %" : "–";
const count = v => number(v) ? v.toLocaleString("en").replace(/,/g, "\u2009") : "–";
const optional = v => number(v) ? time(v) : "–";

/* -- colours: the first seven are told apart by the colour-blind too; priority by contrast -- */
const BASE = ["#3a76b8", "#e39a2d", "#2a9d7c", "#b4589c", "#63b3e0", "#cd5332", "#b3a125",
	      "#5a51b5", "#8fb23c", "#8e2f52", "#94694a", "#7d858d"];
const rgb = hex => [1, 3, 5].map(i => parseInt(hex.slice(i, i + 2), 16));
const mix = (a, b, part) => {
	const x = rgb(a), y = rgb(b);
	return "#" + x.map((v, i) => Math.round(v + (y[i] - v) * part).toString(16).padStart(2, "0")).join("");
};
const luminance = hex => rgb(hex).reduce((sum, v, i) => sum + [0.299, 0.587, 0.114][i] * v, 0);
let theme;
function readTheme() {
	const css = getComputedStyle(document.documentElement);
	theme = {};
	for (const v of ["bg", "panel", "ink", "dim", "line", "lane"])
		theme[v] = css.getPropertyValue("--" + v).trim();
	/* Colour index: palette entry * 3 + class; the last three are for domains out of focus. */
	theme.fill = [];
	for (const base of [...BASE, mix(theme.lane, theme.dim, 0.32)])
		theme.fill.push(mix(base, theme.ink, 0.38), base, mix(base, theme.panel, 0.52));
	theme.label = theme.fill.map(c => luminance(c) > 140 ? "#14181c" : "#ffffff");
}
const OUT = BASE.length;
const paletteOf = d => d % BASE.length;

/* -- decoding -- */
function unpack(text) {
	const raw = atob(text || ""), bytes = new Uint8Array(raw.length);
	for (let i = 0; i < raw.length; i++)
		bytes[i] = raw.charCodeAt(i);
	let at = 0;
	return () => {
		let v = 0, scale = 1, b;
		do {
			b = bytes[at++];
			v += (b & 127) * scale;
			scale *= 128;
		} while (b > 127);
		return v;
	};
}
const domains = D.domains.map((d, i) => ({
	...d, id: i, color: BASE[paletteOf(i)],
	result: (R.domains || []).find(r => r.name === d.name) || (R.domains || [])[i] || {},
}));
const vcpuDomain = [], vcpuIndex = [];
domains.forEach(d => {
	for (let v = 0; v < d.vcpus; v++) {
		vcpuDomain.push(d.id);
		vcpuIndex.push(v);
	}
});
const U = D.unit_ns;
const lanes = [];
let nrSegments = 0, nrWakes = 0;
{
	const seg = unpack(D.segments), wake = unpack(D.wakes);
	for (let c = 0; c < D.pcpus && D.segments; c++) {
		const n = seg(), start = new Float64Array(n), end = new Float64Array(n), wait = new Float64Array(n);
		const vcpu = new Uint32Array(n), klass = new Uint8Array(n);
		for (let i = 0, t = 0; i < n; i++) {
			t += seg();
			start[i] = t * U;
			t += seg();
			end[i] = t * U;
			const code = seg();
			vcpu[i] = code >>> 2;
			klass[i] = Math.min(code & 3, 2);
			wait[i] = seg() * U;
		}
		const w = wake(), wakeAt = new Float64Array(w), wakeVcpu = new Uint32Array(w);
		for (let i = 0, t = 0; i < w; i++) {
			t += wake();
			wakeAt[i] = t * U;
			wakeVcpu[i] = wake();
		}
		lanes.push({ n, start, end, wait, vcpu, klass, w, wakeAt, wakeVcpu });
		nrSegments += n;
		nrWakes += w;
	}
}
const vcpuName = v => (vcpuDomain[v] === undefined ? "?" : domains[vcpuDomain[v]].name) +
	(domains[vcpuDomain[v]]?.vcpus > 1 ? " · v" + vcpuIndex[v] : "");
/* First index whose value is above t. */
function above(list, t) {
	let lo = 0, hi = list.length;
	while (lo < hi) {
		const mid = (lo + hi) >> 1;
		if (list[mid] > t)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

/* -- the parts that are text -- */
function writeTexts() {
	$("name").textContent = D.name;
	$("about").textContent = D.description;
	const facts = [["seed", D.seed], ["duration", time(D.duration_ns)]];
	if (D.warmup_ns)
		facts.push(["warm-up", time(D.warmup_ns)]);
	facts.push(["pCPUs", String(D.pcpus)], ["vCPUs", String(vcpuDomain.length)],
		   [D.pools.length > 1 ? "pools" : "scheduler", D.pools.length > 1 ?
		    D.pools.slice(0, 6).map(p => p.name + " (" + p.sched + ")").join(", ") + (D.pools.length > 6 ? ", …" : "") :
		    D.pools.map(p => p.sched).join()]);
	if (R.counters && number(R.counters.context_switches))
		facts.push(["context switches", count(R.counters.context_switches)]);
	if (R.trace_hash)
		facts.push(["trace hash", String(R.trace_hash)]);
	if (R.rota)
		facts.push(["rota", String(R.rota)]);
	$("facts").append(...facts.map(([k, v]) => el("span", {}, k + " ", el("b", {}, v))));
	$("command").textContent = D.command;
	$("text").textContent = D.text;
	if (D.lost) {
		$("lost").hidden = false;
		$("lost").textContent = count(D.lost) + " records of the run were not kept: the timeline has gaps, all other figures are complete.";
	}
	$("events-section").hidden = !D.events.length;
	$("events").append(...D.events.slice(0, 1000).map(e => el("li", {}, el("b", {}, time(e.at)), " " + e.text)));
	if (D.events.length > 1000)
		$("events").append(el("li", {}, "and " + count(D.events.length - 1000) + " more"));
}

function chip(d) {
	const c = el("span", { className: "chip" });
	c.style.background = d.color;
	return c;
}

function writeBars() {
	const max = Math.max(0.01, ...domains.map(d => Math.max(d.result.share || 0, d.result.entitlement || 0)));
	if (domains.length > 12)
		$("bars").classList.add("many");
	else if (domains.length < 7)
		$("bars").classList.add("few");
	for (const d of domains) {
		const fill = el("i"), track = el("div", { className: "track" }, fill);
		fill.style.width = 100 * (d.result.share || 0) / max + "%";
		fill.style.background = d.color;
		if (number(d.result.entitlement)) {
			const mark = el("u");
			mark.style.left = 100 * d.result.entitlement / max + "%";
			track.append(mark);
		}
		track.title = d.name + ": got " + percent(d.result.share) + ", entitled to " + percent(d.result.entitlement);
		$("bars").append(el("div", { className: "name", title: d.name }, d.name), track,
				 el("div", { className: "value" }, el("b", {}, percent(d.result.share)),
				    number(d.result.entitlement) ? " of " + percent(d.result.entitlement) : ""));
	}
}

function writeTable() {
	const lat = d => d.result.wake_latency_ns || {};
	const any = f => domains.some(d => f(d) > 0);
	const columns = [
		["domain", d => el("div", { className: "name", title: d.name }, chip(d), d.name), "l"],
		["pool", d => d.result.pool || d.pool, "l"],
		["vCPUs", d => count(d.vcpus)],
		["weight", d => count(d.result.weight ?? d.weight)],
		["cap", d => (d.result.cap ?? d.cap) ? (d.result.cap ?? d.cap) + " %" : "none"],
		["entitled", d => percent(d.result.entitlement), "g"],
		["share", d => percent(d.result.share)],
		["run", d => optional(d.result.run_ns), "g"],
		["runnable", d => optional(d.result.runnable_ns)],
		["blocked", d => optional(d.result.blocked_ns)],
	];
	if (any(d => d.result.parked_ns))
		columns.push(["parked", d => optional(d.result.parked_ns)]);
	const slept = d => lat(d).count ? true : false;
	columns.push(["wake p50", d => slept(d) ? optional(lat(d).p50) : "–", "g"],
		     ["p99", d => slept(d) ? optional(lat(d).p99) : "–"],
		     ["max", d => slept(d) ? optional(lat(d).max) : "–"],
		     ["switches", d => count(d.result.switches), "g"],
		     ["migrations", d => count(d.result.migrations)]);
	if (any(d => d.result.deadlines?.jobs))
		columns.push(["missed", d => d.result.deadlines?.jobs ? count(d.result.deadlines.missed) + " of " + count(d.result.deadlines.jobs) : "–"]);
	if (any(d => d.result.workload?.completion_ns))
		columns.push(["completed", d => d.result.workload?.completion_ns ? time(d.result.workload.completion_ns) : "–"]);
	const cell = (tag, c, content) => el(tag, { className: c[2] || "" }, content);
	$("table").append(el("thead", {}, el("tr", {}, ...columns.map(c => cell("th", c, c[0])))),
			  el("tbody", {}, ...domains.map(d => el("tr", {}, ...columns.map(c => cell("td", c, c[1](d)))))));
	$("table-note").textContent = number(R.duration_ns) ? "over the " + time(R.duration_ns) + " that count" +
		(D.warmup_ns ? ", warm-up left out" : "") : "";
}

/* -- latency: share of wake-ups served within a time; nines upwards, because the tail is what hurts -- */
function latencyPoints(d) {
	const lat = d.result.wake_latency_ns || {}, hist = d.result.wake_latency_hist, points = [];
	if (!lat.count)
		return points;
	if (Array.isArray(hist) && hist.length) {
		const total = hist.reduce((sum, h) => sum + h[1], 0);
		let sum = 0;
		for (const [upper, n] of hist) {
			if (n)
				points.push([Math.min(upper, lat.max ?? upper), sum / total, (sum + n) / total]);
			sum += n;
		}
	} else {
		let before = 0;
		for (const [key, p] of [["p50", 0.5], ["p90", 0.9], ["p99", 0.99], ["p999", 0.999], ["max", 1]])
			if (number(lat[key])) {
				points.push([lat[key], before, p]);
				before = p;
			}
	}
	return points;
}

function drawLatency() {
	const shown = domains.map(d => [d, latencyPoints(d)]).filter(([, p]) => p.length).slice(0, 24);
	$("latency").replaceChildren();
	if (!shown.length) {
		/* Nobody slept and woke in the time that counts. */
		$("latency-section").hidden = true;
		$("answers").classList.add("one");
		return;
	}
	const W = Math.max(280, $("latency").clientWidth || 560), H = 214, left = 54, right = 12, top = 8, bottom = 26, nines = 4, floor = 100;
	const all = shown.flatMap(([, p]) => p.map(q => Math.max(floor, q[0])));
	const lo = Math.max(Math.log10(floor), Math.floor(Math.log10(Math.min(...all)) - 0.05)), hi = Math.max(lo + 1, Math.ceil(Math.log10(Math.max(...all)) + 0.02));
	const X = ns => left + (W - left - right) * (Math.log10(Math.max(ns, floor, 10 ** lo)) - lo) / (hi - lo);
	const Y = p => H - bottom - (H - top - bottom) * Math.min(1, -Math.log10(Math.max(1 - p, 1e-9)) / nines);
	const root = svg("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": "distribution of wake-to-run latency" });
	for (const [p, name] of [[0, "0"], [0.5, "50 %"], [0.9, "90 %"], [0.99, "99 %"], [0.999, "99.9 %"], [0.9999, "99.99 %"]]) {
		root.append(svg("line", { x1: left, x2: W - right, y1: Y(p), y2: Y(p), stroke: theme.line }));
		root.append(svg("text", { x: left - 6, y: Y(p) + 4, "text-anchor": "end" }, name));
	}
	for (let e = lo; e <= hi; e++) {
		root.append(svg("line", { x1: X(10 ** e), x2: X(10 ** e), y1: top, y2: H - bottom, stroke: theme.line }));
		root.append(svg("text", { x: X(10 ** e), y: H - 9, "text-anchor": e === hi ? "end" : "middle" },
				(10 ** e <= floor ? "≤ " : "") + time(10 ** e)));
	}
	for (const [d, points] of shown) {
		let path = `M${X(points[0][0]).toFixed(1)},${Y(0)}`;
		for (const [ns, from, to] of points)
			path += `L${X(ns).toFixed(1)},${Y(from).toFixed(1)}L${X(ns).toFixed(1)},${Y(to).toFixed(1)}`;
		const line = svg("path", { d: path, fill: "none", stroke: d.color, "stroke-width": 2, "stroke-linejoin": "round" });
		line.append(svg("title", {}, d.name + ": p50 " + optional(d.result.wake_latency_ns.p50) + ", p99 " +
				optional(d.result.wake_latency_ns.p99) + ", max " + optional(d.result.wake_latency_ns.max)));
		root.append(line);
	}
	const legend = el("div", { className: "note", style: "display:flex;flex-wrap:wrap;gap:2px 14px;margin-top:2px" });
	legend.append(...shown.map(([d]) => el("span", {}, chip(d), d.name)));
	$("latency").append(root, legend);
}

/* -- the timeline -- */
const END = Math.max(D.end_ns, 1), SHORTEST = 1000;
const laneH = Math.max(5, Math.min(34, Math.floor(560 / Math.max(1, lanes.length))));
const gapH = laneH >= 16 ? 12 : laneH >= 9 ? 5 : 1;
const axisH = 24, left = 62;
const view = { from: 0, to: END };
let focus = -1, drawn = 0;
const timeline = $("timeline"), overview = $("overview");

function canvas2d(c, cssHeight) {
	const scale = window.devicePixelRatio || 1, w = Math.max(1, Math.round(c.clientWidth * scale)), h = Math.round(cssHeight * scale);
	if (c.width !== w || c.height !== h) {
		c.width = w;
		c.height = h;
	}
	c.style.height = cssHeight + "px";
	const g = c.getContext("2d");
	g.setTransform(1, 0, 0, 1, 0, 0);
	return [g, w, h, scale];
}
const colorOf = (v, klass) => {
	const d = vcpuDomain[v];
	return (d === undefined || (focus >= 0 && d !== focus) ? OUT : paletteOf(d)) * 3 + klass;
};

/*
 * One lane between x0 and x0 + w device pixels. A segment fills the pixels it covers whole; what is
 * left at its ends is collected by pixel, and such a column is divided by the time of each colour.
 */
const NCOLORS = (BASE.length + 1) * 3;
const part = new Float64Array(NCOLORS);
function drawLane(g, lane, x0, w, y, h, scale) {
	const k = w / (view.to - view.from), sep = 4 * scale, labels = [];
	let column = -1;
	g.fillStyle = theme.lane;
	g.fillRect(x0, y, w, h);
	const flush = () => {
		let bottom = y + h;
		for (let c = 0; c < NCOLORS; c++) {
			if (!part[c])
				continue;
			const high = Math.max(2 * scale, Math.min(1, part[c]) * h);
			g.fillStyle = theme.fill[c];
			g.fillRect(x0 + column, Math.max(y, bottom - high), 1, Math.min(high, bottom - y));
			bottom = Math.max(y, bottom - high);
			part[c] = 0;
		}
	};
	const add = (x, c, amount) => {
		if (x !== column) {
			if (column >= 0)
				flush();
			column = x;
		}
		part[c] += amount;
	};
	for (let i = above(lane.end, view.from); i < lane.n && lane.start[i] < view.to; i++) {
		const a = Math.max(0, (lane.start[i] - view.from) * k), b = Math.min(w, (lane.end[i] - view.from) * k);
		const c = colorOf(lane.vcpu[i], lane.klass[i]);
		const first = Math.ceil(a), last = Math.floor(b);
		if (last < first || first >= w) {
			add(Math.min(Math.floor(a), w - 1), c, b - a);
			continue;
		}
		if (first > a)
			add(first - 1, c, first - a);
		if (last > first) {
			/* Equal neighbours, one slice after another, stay apart. */
			const gap = last - first > sep ? 1 : 0;
			g.fillStyle = theme.fill[c];
			g.fillRect(x0 + first, y, last - first - gap, h);
			if (laneH >= 16 && last - first > 40 * scale)
				labels.push([lane.vcpu[i], c, first, last]);
		}
		if (b > last && last < w)
			add(last, c, b - last);
	}
	if (column >= 0)
		flush();
	g.font = 11 * scale + "px system-ui, sans-serif";
	g.textBaseline = "middle";
	g.textAlign = "left";
	for (const [v, c, first, last] of labels) {
		const room = last - first - 10 * scale;
		let text = vcpuName(v);
		if (g.measureText(text).width > room)
			text = domains[vcpuDomain[v]]?.vcpus > 1 ? "v" + vcpuIndex[v] : "";
		if (text && g.measureText(text).width <= room) {
			g.fillStyle = theme.label[c];
			g.fillText(text, x0 + first + 5 * scale, y + h / 2);
		}
	}
}

function drawWakes(g, lane, x0, w, y, scale) {
	const k = w / (view.to - view.from), size = gapH >= 12 ? 5 : 3, seen = new Float64Array(BASE.length + 1).fill(-9);
	for (let i = above(lane.wakeAt, view.from - 1); i < lane.w && lane.wakeAt[i] <= view.to; i++) {
		const x = (lane.wakeAt[i] - view.from) * k, c = colorOf(lane.wakeVcpu[i], 1);
		/* Marks of one colour closer than a pixel are one mark. */
		if (x - seen[c / 3 | 0] < 1)
			continue;
		const near = x - seen[c / 3 | 0] < size * scale;
		seen[c / 3 | 0] = x;
		g.fillStyle = theme.fill[c];
		if (near) {
			g.fillRect(x0 + Math.round(x - scale / 2), y, Math.max(1, Math.round(scale)), size * scale);
			continue;
		}
		g.beginPath();
		g.moveTo(x0 + x, y);
		g.lineTo(x0 + x + size * 0.6 * scale, y + size * scale);
		g.lineTo(x0 + x - size * 0.6 * scale, y + size * scale);
		g.fill();
	}
}

function niceStep(span, wanted) {
	const raw = span / wanted, p = 10 ** Math.floor(Math.log10(raw));
	return Math.max(1, p * [1, 2, 5, 10].find(m => m * p >= raw));
}

function drawAxis(g, x0, w, h, scale) {
	const span = view.to - view.from, k = w / span, step = niceStep(span, Math.max(2, w / scale / 120));
	g.font = 11.5 * scale + "px system-ui, sans-serif";
	g.textBaseline = "middle";
	for (let t = Math.ceil(view.from / step) * step; t <= view.to; t += step) {
		const x = Math.round(x0 + (t - view.from) * k), text = time(t, step), wide = g.measureText(text).width;
		g.fillStyle = theme.line;
		g.fillRect(x, (axisH - 6) * scale, Math.max(1, scale | 0), h);
		g.fillStyle = theme.dim;
		g.textAlign = "left";
		g.fillText(text, Math.max(x0, Math.min(x0 + w - wide, x - wide / 2)), 9 * scale);
	}
}

function drawMarks(g, x0, w, h, scale) {
	const k = w / (view.to - view.from);
	if (D.warmup_ns > view.from) {
		/* What the figures don't count is veiled. */
		const x = Math.min(w, (D.warmup_ns - view.from) * k);
		g.globalAlpha = 0.5;
		g.fillStyle = theme.panel;
		g.fillRect(x0, axisH * scale, x, h);
		g.globalAlpha = 1;
		g.fillStyle = theme.dim;
		g.fillRect(x0 + x, axisH * scale, scale, h);
	}
	g.strokeStyle = theme.ink;
	g.fillStyle = theme.ink;
	g.lineWidth = scale;
	g.setLineDash([3 * scale, 3 * scale]);
	let before = -9;
	for (const e of D.events) {
		const x = (e.at - view.from) * k;
		if (x < 0 || x > w || x - before < 2)
			continue;
		before = x;
		g.beginPath();
		g.moveTo(x0 + x, (axisH - 2) * scale);
		g.lineTo(x0 + x, h);
		g.stroke();
		g.beginPath();
		g.arc(x0 + x, (axisH - 4) * scale, 2.5 * scale, 0, 7);
		g.fill();
	}
	g.setLineDash([]);
}

function drawTimeline() {
	const began = performance.now();
	const [g, w, h, scale] = canvas2d(timeline, axisH + Math.max(1, lanes.length) * (laneH + gapH) + 2);
	const x0 = Math.round(left * scale), lw = w - x0;
	g.fillStyle = theme.panel;
	g.fillRect(0, 0, w, h);
	if (!nrSegments) {
		g.fillStyle = theme.dim;
		g.font = 13 * scale + "px system-ui, sans-serif";
		g.textBaseline = "middle";
		g.fillText("No vCPU ran, or no trace was kept.", 8 * scale, h / 2);
		return;
	}
	drawAxis(g, x0, lw, h, scale);
	lanes.forEach((lane, c) => {
		const y = Math.round((axisH + c * (laneH + gapH)) * scale);
		drawLane(g, lane, x0, lw, y, Math.round(laneH * scale), scale);
		if (gapH >= 5)
			drawWakes(g, lane, x0, lw, y + Math.round((laneH + 1.5) * scale), scale);
		if (laneH >= 9 || c % Math.ceil(12 / (laneH + gapH)) === 0) {
			g.fillStyle = theme.dim;
			g.font = Math.min(12, laneH + 3) * scale + "px system-ui, sans-serif";
			g.textBaseline = "middle";
			g.textAlign = "right";
			g.fillText("pCPU " + c, x0 - 8 * scale, y + laneH * scale / 2);
		}
	});
	drawMarks(g, x0, lw, h, scale);
	timeline.dataset.view = Math.round(view.from) + "-" + Math.round(view.to);
	const span = view.to - view.from, [unit, name] = span >= 1e9 ? [1e9, "s"] : span >= 1e5 ? [1e6, "ms"] : [1e3, "µs"];
	$("range").textContent = span >= END ? "the whole run" : (view.from / unit).toFixed(3) + " – " +
		(view.to / unit).toFixed(3) + " " + name + " (" + time(span) + ")";
	drawn = performance.now() - began;
}

/* All pCPUs together, the whole run: what part of the host each domain had. Kept as a picture. */
let strip = null;
function drawOverview() {
	const [g, w, h, scale] = canvas2d(overview, 38), x0 = Math.round(left * scale), lw = Math.max(1, w - x0);
	const key = [w, h, focus, theme.panel].join();
	if (!strip || strip.key !== key) {
		const n = OUT + 1, sums = new Float64Array(lw * n), k = lw / END;
		for (const lane of lanes)
			for (let i = 0; i < lane.n; i++) {
				const c = colorOf(lane.vcpu[i], 1) / 3 | 0, a = lane.start[i] * k, b = Math.min(lw, lane.end[i] * k);
				for (let x = Math.floor(a); x < b && x < lw; x++)
					sums[x * n + c] += Math.min(b, x + 1) - Math.max(a, x);
			}
		strip = el("canvas", { width: lw, height: h });
		strip.key = key;
		const s = strip.getContext("2d");
		s.fillStyle = theme.lane;
		s.fillRect(0, 0, lw, h);
		for (let x = 0; x < lw; x++)
			for (let c = 0, y = h; c < n; c++) {
				const high = sums[x * n + c] / Math.max(1, lanes.length) * h;
				s.fillStyle = theme.fill[c * 3 + 1];
				s.fillRect(x, y - high, 1, high);
				y -= high;
			}
	}
	g.clearRect(0, 0, w, h);
	g.drawImage(strip, x0, 0);
	g.fillStyle = theme.dim;
	g.font = 12 * scale + "px system-ui, sans-serif";
	g.textBaseline = "middle";
	g.textAlign = "right";
	g.fillText("host", x0 - 8 * scale, h / 2);
	const a = x0 + view.from / END * lw, b = x0 + view.to / END * lw;
	g.globalAlpha = 0.6;
	g.fillStyle = theme.panel;
	g.fillRect(x0, 0, a - x0, h);
	g.fillRect(b, 0, x0 + lw - b, h);
	g.globalAlpha = 1;
	g.strokeStyle = theme.ink;
	g.lineWidth = scale;
	g.strokeRect(a + scale / 2, scale / 2, Math.max(2 * scale, b - a - scale), h - scale);
}

let pending = 0;
function redraw() {
	pending = 0;
	drawTimeline();
	drawOverview();
}
const later = () => { pending = pending || requestAnimationFrame(redraw); };

function show(from, to) {
	const span = Math.min(END, Math.max(Math.min(SHORTEST, END), to - from));
	view.from = Math.max(0, Math.min(END - span, from));
	view.to = view.from + span;
	later();
}
function zoom(factor, at) {
	const t = at ?? (view.from + view.to) / 2;
	show(t - (t - view.from) * factor, t + (view.to - t) * factor);
}
const pan = part => show(view.from + part * (view.to - view.from), view.to + part * (view.to - view.from));
const timeAt = (x, width) => view.from + (x - left) / Math.max(1, width - left) * (view.to - view.from);

function describe(x, y, width) {
	const c = Math.floor((y - axisH) / (laneH + gapH)), t = timeAt(x, width), lane = lanes[c];
	if (!lane || x < left || t > END)
		return "";
	const near = 4 / (width - left) * (view.to - view.from);
	const event = D.events.find(e => Math.abs(e.at - t) < near);
	const lines = event ? [time(event.at) + "  " + event.text] : [];
	const i = above(lane.end, t);
	const exact = ns => (ns / 1e6).toFixed(U === 1 ? 6 : 3) + " ms";
	if (i < lane.n && lane.start[i] <= t) {
		lines.push(vcpuName(lane.vcpu[i]) + "  on pCPU " + c + "  " + ["BOOST", "UNDER", "OVER"][lane.klass[i]],
			   exact(lane.start[i]) + " – " + exact(lane.end[i]), "ran " + time(lane.end[i] - lane.start[i]) +
			   (lane.wait[i] ? ", had waited " + time(lane.wait[i]) : ""));
	} else {
		const from = i > 0 ? lane.end[i - 1] : 0, to = i < lane.n ? lane.start[i] : END;
		lines.push("pCPU " + c + " idle", exact(from) + " – " + exact(to) + " (" + time(to - from) + ")");
	}
	return lines.join("\n");
}

function listen() {
	const tip = $("tip"), pointers = new Map();
	const hide = () => { tip.style.display = "none"; };
	timeline.addEventListener("wheel", e => {
		e.preventDefault();
		hide();
		if (Math.abs(e.deltaX) > Math.abs(e.deltaY))
			pan(e.deltaX / 1000);
		else
			zoom(Math.exp(Math.max(-400, Math.min(400, e.deltaY)) / 400), timeAt(e.offsetX, timeline.clientWidth));
	}, { passive: false });
	timeline.addEventListener("pointerdown", e => {
		pointers.set(e.pointerId, e.offsetX);
		try { timeline.setPointerCapture(e.pointerId); } catch { /* a pointer already gone */ }
		timeline.classList.add("drag");
		hide();
	});
	timeline.addEventListener("pointermove", e => {
		const was = pointers.get(e.pointerId), perPixel = (view.to - view.from) / Math.max(1, timeline.clientWidth - left);
		if (was === undefined) {
			const text = describe(e.offsetX, e.offsetY, timeline.clientWidth);
			tip.style.display = text ? "block" : "none";
			tip.textContent = text;
			tip.style.left = Math.max(0, Math.min(timeline.clientWidth - tip.offsetWidth, e.offsetX + 14)) + "px";
			tip.style.top = timeline.offsetTop + e.offsetY + 16 + "px";
			return;
		}
		pointers.set(e.pointerId, e.offsetX);
		if (pointers.size === 1) {
			show(view.from - (e.offsetX - was) * perPixel, view.to - (e.offsetX - was) * perPixel);
		} else {
			const other = [...pointers].find(([id]) => id !== e.pointerId)[1];
			zoom(Math.max(10, Math.abs(was - other)) / Math.max(10, Math.abs(e.offsetX - other)), timeAt((e.offsetX + other) / 2, timeline.clientWidth));
		}
	});
	for (const name of ["pointerup", "pointercancel"])
		timeline.addEventListener(name, e => {
			pointers.delete(e.pointerId);
			if (!pointers.size)
				timeline.classList.remove("drag");
		});
	timeline.addEventListener("pointerleave", hide);
	const jump = e => {
		const t = (e.offsetX - left) / Math.max(1, overview.clientWidth - left) * END, half = (view.to - view.from) / 2;
		show(t - half, t + half);
	};
	overview.addEventListener("pointerdown", jump);
	overview.addEventListener("pointermove", e => { if (e.buttons) jump(e); });
	const keys = {
		"+": () => zoom(0.6), "=": () => zoom(0.6), "-": () => zoom(1 / 0.6), "0": () => show(0, END), "Home": () => show(0, END),
		"ArrowLeft": () => pan(-0.2), "ArrowRight": () => pan(0.2),
	};
	document.addEventListener("keydown", e => {
		if (e.ctrlKey || e.metaKey || e.altKey || !keys[e.key])
			return;
		e.preventDefault();
		hide();
		keys[e.key]();
	});
	$("zoom-in").onclick = () => zoom(0.5);
	$("zoom-out").onclick = () => zoom(2);
	$("reset").onclick = () => show(0, END);
	const restyle = () => { readTheme(); writeLegend(); drawLatency(); redraw(); };
	matchMedia("(prefers-color-scheme: dark)").addEventListener("change", restyle);
	/* Paper is white, whatever the screen was when the canvas was drawn. */
	window.addEventListener("beforeprint", () => { document.documentElement.dataset.print = 1; restyle(); });
	window.addEventListener("afterprint", () => { delete document.documentElement.dataset.print; restyle(); });
	window.addEventListener("resize", () => { drawLatency(); later(); });
}

function writeLegend() {
	const swatch = p => {
		const s = el("span", { className: "swatch" });
		for (let k = 0; k < 3; k++) {
			const one = el("span");
			one.style.background = theme.fill[p * 3 + k];
			s.append(one);
		}
		return s;
	};
	const shown = domains.slice(0, 64).map(d => {
		const b = el("button", { title: "bring out " + d.name }, swatch(paletteOf(d.id)), d.name);
		b.setAttribute("aria-pressed", String(focus === d.id));
		b.onclick = () => {
			focus = focus === d.id ? -1 : d.id;
			writeLegend();
			later();
		};
		return b;
	});
	const order = el("span", { className: "note" }, swatch(OUT), " BOOST, UNDER, OVER\u2003▲ wake-up" +
			 (D.warmup_ns ? "\u2003pale: warm-up" : "") + (D.events.length ? "\u2003● scripted event" : ""));
	if (domains.length > shown.length)
		shown.push(el("span", { className: "note" }, "and " + count(domains.length - shown.length) + " more"));
	$("legend").replaceChildren(...shown, order);
}

/* At first a part of the run in which single slices are seen; #from-to in ns asks for another. */
function firstView() {
	const asked = /^#(\d+)-(\d+)$/.exec(location.hash);
	if (asked)
		return show(Number(asked[1]), Number(asked[2]));
	const busiest = Math.max(1, ...lanes.map(l => l.n));
	const span = Math.min(END, Math.max(END * Math.max(15, timeline.clientWidth / 20) / busiest, 1e5));
	const from = Math.min(D.warmup_ns, END - span);
	return span > END / 2 ? show(0, END) : show(from, from + span);
}

readTheme();
writeTexts();
writeBars();
writeTable();
writeLegend();
drawLatency();
listen();
firstView();
redraw();

/* The page tells what it has drawn: a test reads it from the outside. */
{
	const pixels = timeline.getContext("2d").getImageData(0, 0, timeline.width, Math.min(timeline.height, 1200)).data, colours = new Set();
	const words = new Uint32Array(pixels.buffer);
	for (let i = 0; i < words.length; i += 3)
		colours.add(words[i]);
	Object.assign(document.body.dataset, {
		segments: nrSegments, wakes: nrWakes, colours: colours.size, drawMs: drawn.toFixed(1), ready: 1,
	});
}

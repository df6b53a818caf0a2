/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Appended by tests/report/run.sh to a report: a person's hands. Each step tells in the attributes
 * of <body> whether the page did what it should.
 */
"use strict";
const wasErrors = document.body.dataset.errors;
const span = () => {
	redraw();
	const [from, to] = timeline.dataset.view.split("-").map(Number);
	return { from, to, length: to - from };
};
const steps = {};
const key = k => document.dispatchEvent(new KeyboardEvent("keydown", { key: k, bubbles: true }));
/* Offsets of made-up events follow from where the element lies. */
const at = (x, y) => {
	const box = timeline.getBoundingClientRect();
	return { clientX: box.left + x, clientY: box.top + y, pointerId: 1, bubbles: true, cancelable: true };
};
const pointer = (type, x, y) => timeline.dispatchEvent(new PointerEvent(type, at(x, y)));

key("0");
const whole = span();
steps.reset = whole.from === 0 && whole.length >= D.duration_ns;

const x = left + (timeline.clientWidth - left) / 2, y = axisH + laneH / 2;
timeline.dispatchEvent(new WheelEvent("wheel", { ...at(x, y), deltaY: -400 }));
const wheel = span();
steps.wheel = wheel.length < whole.length * 0.5 && Math.abs(wheel.from + wheel.to - END) < END / 100;

key("+");
const plus = span();
steps.plus = plus.length < wheel.length;
key("-");
steps.minus = Math.abs(span().length - wheel.length) < 10;

key("ArrowRight");
steps.right = span().from > wheel.from && Math.abs(span().length - wheel.length) < 10;
key("ArrowLeft");
steps.left = Math.abs(span().from - wheel.from) < 10;

pointer("pointerdown", x, y);
pointer("pointermove", x + 100, y);
pointer("pointerup", x + 100, y);
steps.drag = span().from < wheel.from && Math.abs(span().length - wheel.length) < 10;

/* Over the middle of the first segment of the first lane that has one. */
const c = lanes.findIndex(l => l.n > 0), lane = lanes[c];
show(lane.start[0], lane.end[0]);
span();
pointer("pointermove", x, axisH + c * (laneH + gapH) + laneH / 2);
const tip = document.getElementById("tip");
steps.hover = tip.style.display === "block" && tip.textContent.includes(vcpuName(lane.vcpu[0])) && tip.textContent.includes("ran ");

show(END * 2, END * 3);
steps.bounds = span().to <= END;
for (let i = 0; i < 60; i++)
	key("+");
steps.deepest = span().length >= Math.min(SHORTEST, END) && span().length <= SHORTEST + 1;

key("0");
const whiteBefore = timeline.toDataURL();
document.querySelector("#legend button").click();
span();
steps.focus = timeline.toDataURL() !== whiteBefore;

/* The segments of a pCPU follow each other, and the page's sum is what it says. */
steps.order = lanes.every(l => l.start.every((t, i) => t <= l.end[i] && (i === 0 || t >= l.end[i - 1])));
steps.sum = lanes.reduce((sum, l) => sum + l.n, 0) === Number(document.body.dataset.segments);
steps.names = domains.every(d => document.getElementById("table").textContent.includes(d.name));
steps.quiet = wasErrors === "" && document.body.dataset.errors === "";
steps.offline = performance.getEntriesByType("resource").length === 0;

window.dispatchEvent(new Event("beforeprint"));
steps.print = theme.bg === "#ffffff" && theme.ink === "#000000";
window.dispatchEvent(new Event("afterprint"));
steps.screen = theme.bg !== "#ffffff";

key("0");
let slowest = 0;
for (let i = 0; i < 10; i++) {
	redraw();
	slowest = Math.max(slowest, drawn);
}
document.body.dataset.slowest = slowest.toFixed(1);
document.body.dataset.failed = Object.keys(steps).filter(k => !steps[k]).join(" ");
document.body.dataset.steps = Object.keys(steps).length;

"""The results as an SVG chart: for each case one group of bars, a bar for each proxy.

An answer of 1 MiB costs thirty times one of 128 bytes, so each group has a scale of its own: its longest bar is as
long as that of any other. What a bar stands for is written at its end.
"""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

from .report import LABELS
from .summary import OURS

WIDTH, LABEL_WIDTH, SCALE_WIDTH = 780, 216, 380
TOP, BAR, GAP, GROUP_GAP = 114, 13, 3, 16
LEFT = LABEL_WIDTH + 10

STYLE = """
    text { font: 13px -apple-system, "Segoe UI", "Helvetica Neue", Arial, sans-serif; fill: #24292f }
    .title { font-size: 17px; font-weight: 600 }
    .quiet { fill: #57606a; font-size: 12px }
    .figure { font-size: 12px; font-variant-numeric: tabular-nums }
    .strong { font-weight: 600 }
    .balancer { fill: #d9480f } .nginx { fill: #8c959f } .haproxy { fill: #c4cad1 }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 }
      .quiet { fill: #9198a1 }
      .balancer { fill: #ff8f50 } .nginx { fill: #7d8590 } .haproxy { fill: #4d5560 }
    }
"""


def svg(results: dict[str, Any]) -> str:
    """The chart of `results`, as `bench/run` writes them."""
    proxies = results["options"]["proxies"]
    groups = [group(case, proxies) for case in results["cases"]]
    height = TOP + sum(group_height(bars) for _, bars in groups)
    about = results["machine"]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img" aria-label="CPU time per request of balancer, nginx and HAProxy">',
        f"  <style>{STYLE}  </style>",
        text(16, 28, "CPU time per request, and memory per idle connection: shorter is better", "title"),
        text(16, 49, "One worker each, same upstream, logs off. Each group has a scale of its own.", "quiet"),
        text(16, 66, f"{about['cpu']}, {about['cores']} processors, Linux {about['kernel']}; {versions(about)}",
             "quiet"),
        *legend(proxies),
    ]
    y = TOP
    for title, bars in groups:
        parts += draw(title, bars, y)
        y += group_height(bars)
    return "\n".join(parts + ["</svg>"]) + "\n"


Bar = tuple[str, float, str]


def versions(about: dict[str, Any]) -> str:
    """Which releases were compared, without the packagers' suffixes."""
    numbers = about["versions"]
    return ", ".join(f"{LABELS[name]} {numbers[name].partition('-')[0]}" for name in LABELS if name in numbers)


def group(case: dict[str, Any], proxies: list[str]) -> tuple[str, list[Bar]]:
    """A case's title and its bars: the proxy, the bar's length from 0 to 1, and what stands at its end."""
    metric, unit = ("cpu_us", "µs") if "cpu_us" in case["medians"][proxies[0]] else ("pss_bytes", "bytes")
    figures = {proxy: case["medians"][proxy][metric] for proxy in proxies}
    longest = max(1.0, *figures.values())
    bars = []
    for proxy in proxies:
        label = f"{figures[proxy]:,.{1 if figures[proxy] < 100 else 0}f} {unit}"
        if proxy == OURS and metric in case["ratios"].get("nginx", {}):
            label += f", {case['ratios']['nginx'][metric]['median']:.2f} of nginx"
        bars.append((proxy, max(0.0, figures[proxy] / longest), label))
    return case["title"], bars


def group_height(bars: list[Bar]) -> int:
    return len(bars) * (BAR + GAP) + GROUP_GAP


def legend(proxies: list[str]) -> list[str]:
    parts, x = [], 16
    for proxy in proxies:
        parts.append(f'  <rect class="{proxy}" x="{x}" y="84" width="12" height="12" rx="2"/>')
        parts.append(text(x + 18, 94, LABELS[proxy]))
        x += 40 + 8 * len(LABELS[proxy])
    return parts


def draw(title: str, bars: list[Bar], top: int) -> list[str]:
    """One group: its title to the left, level with the middle of its bars."""
    middle = top + (group_height(bars) - GROUP_GAP - GAP) / 2
    parts = [text(LABEL_WIDTH, middle + 4.5, title, anchor="end")]
    for row, (proxy, length, label) in enumerate(bars):
        y = top + row * (BAR + GAP)
        width = length * SCALE_WIDTH
        parts.append(f'  <rect class="{proxy}" x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR}" rx="2"/>')
        parts.append(text(LEFT + width + 6, y + 10.5, label,
                          "figure strong" if proxy == OURS else "figure"))
    return parts


def text(x: float, y: float, content: str, style: str = "", anchor: str = "start") -> str:
    attributes = (f' class="{style}"' if style else "") + (' text-anchor="end"' if anchor == "end" else "")
    return f'  <text x="{x:.1f}" y="{y:.1f}"{attributes}>{escape(content)}</text>'

// The drawing of a time line: time runs down, a row a step; a column for each process, solid while
// it lives and dashed while it is a zombie. Signals are red arrows, reaps green ones.

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>

#include "harness/rig/timeline.h"

namespace minit::rig {
namespace {

constexpr int kRowHeight = 20;
constexpr int kTop = 110;   // room for names, which are written aslant
constexpr int kLeft = 130;  // of the first column; the time stands before it
constexpr int kLaneWidth = 34;
constexpr std::size_t kMaxLanes = 24;  // more would not be readable: the text still has them
constexpr int kTextWidth = 900;

std::string Escaped(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '&':
        escaped += "&amp;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

int XOf(int lane) { return kLeft + lane * kLaneWidth; }
int YOf(int row) { return kTop + row * kRowHeight; }

std::string LineFrom(int x1, int y1, int x2, int y2, const char* style) {
  std::array<char, 200> text;
  std::snprintf(text.data(), text.size(), "<line x1='%d' y1='%d' x2='%d' y2='%d' %s/>\n", x1, y1,
                x2, y2, style);
  return text.data();
}

std::string TextAt(int x, int y, const char* style, const std::string& what) {
  return "<text x='" + std::to_string(x) + "' y='" + std::to_string(y) + "' " + style + ">" +
         Escaped(what) + "</text>\n";
}

}  // namespace

std::string Timeline::Draw() const {
  const int lanes = static_cast<int>(std::min(lanes_.size(), kMaxLanes));
  const int text_x = XOf(lanes) + 10;
  const int width = text_x + kTextWidth;
  const int height = YOf(RowCount()) + kRowHeight;
  std::string svg = "<svg xmlns='http://www.w3.org/2000/svg' width='" + std::to_string(width) +
                    "' height='" + std::to_string(height) +
                    "' font-family='monospace' font-size='12'>\n"
                    "<rect width='100%' height='100%' fill='white'/>\n"
                    "<defs><marker id='tip' markerWidth='8' markerHeight='8' refX='7' refY='4' "
                    "orient='auto' markerUnits='userSpaceOnUse'>"
                    "<path d='M0,0 L8,4 L0,8 z' fill='context-stroke'/></marker></defs>\n";
  for (int i = 0; i < lanes; ++i) {
    const Lane& lane = lanes_[static_cast<std::size_t>(i)];
    const int end = lane.reaped >= 0 ? lane.reaped : RowCount();
    const int died = lane.died >= 0 ? lane.died : end;
    const int x = XOf(i);
    svg += LineFrom(x, YOf(lane.born), x, YOf(died), "stroke='#335' stroke-width='3'");
    svg += LineFrom(x, YOf(died), x, YOf(end),
                    "stroke='#999' stroke-width='2' stroke-dasharray='3,3'");
    if (lane.died >= 0) {
      svg += LineFrom(x - 5, YOf(died), x + 5, YOf(died), "stroke='#335' stroke-width='2'");
    }
    const std::string turn =
        "transform='rotate(-50 " + std::to_string(x) + " " + std::to_string(kTop - 14) + ")'";
    svg += TextAt(x, kTop - 14, turn.c_str(), lane.name);
  }
  uint64_t last_ns = ~uint64_t{0};
  for (int i = 0; i < RowCount(); ++i) {
    const Row& row = rows_[static_cast<std::size_t>(i)];
    const int y = YOf(i);
    std::array<char, 32> time;
    std::snprintf(time.data(), time.size(), "%13.6f", static_cast<double>(row.now_ns) / 1e9);
    if (row.now_ns != last_ns)
      svg += TextAt(8, y + 4, "fill='#777' xml:space='preserve'", time.data());
    last_ns = row.now_ns;
    if (row.kind == Kind::kRest) {
      svg +=
          LineFrom(kLeft - 20, y + kRowHeight / 2, width - 10, y + kRowHeight / 2, "stroke='#ddd'");
    }
    if (row.lane >= 0 && row.lane < lanes) {
      svg += "<circle cx='" + std::to_string(XOf(row.lane)) + "' cy='" + std::to_string(y) +
             "' r='4' fill='" + (row.kind == Kind::kMove ? "#c60" : "#335") + "'/>\n";
    }
    if (row.to >= 0 && row.to < lanes && row.from < lanes && row.to != row.from) {
      const bool reap = row.kind == Kind::kCall && row.to == row.lane;
      svg += LineFrom(row.from < 0 ? kLeft - 24 : XOf(row.from), y, XOf(row.to), y,
                      reap ? "stroke='#080' stroke-width='1.5' marker-end='url(#tip)'"
                           : "stroke='#c00' stroke-width='1.5' marker-end='url(#tip)'");
    }
    const char* const color = row.kind == Kind::kMove   ? "fill='#a40' font-weight='bold'"
                              : row.kind == Kind::kRest ? "fill='#666'"
                              : row.kind == Kind::kNote ? "fill='#000' font-weight='bold'"
                                                        : "fill='#113'";
    svg += TextAt(text_x, y + 4, color, (row.who.empty() ? "" : row.who + ": ") + row.text);
  }
  if (lanes_.size() > kMaxLanes) {
    svg += TextAt(text_x, 20, "fill='#777'",
                  std::to_string(lanes_.size() - kMaxLanes) + " more processes have no column");
  }
  return svg + "</svg>\n";
}

}  // namespace minit::rig

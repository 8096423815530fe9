// Package svg writes charts as SVG that is readable on light and dark pages.
package svg

import (
	"bytes"
	"fmt"
	"html"
)

// A Canvas collects the parts of a picture.
type Canvas struct {
	width, height int
	b             bytes.Buffer
}

// A Class is a style of a part; see style.
type Class string

// The classes.
const (
	Title Class = "title" // of the picture
	Head  Class = "head"  // of a panel
	Label Class = "label"
	Note  Class = "note"
	Grid  Class = "grid"
	Axis  Class = "axis"
	Band  Class = "band" // an interval with a fault
	Ours  Class = "ours"
	Peer  Class = "peer"
	Bad   Class = "bad"
)

// style has the colors of both kinds of page. The background is part of the picture, so that it is
// readable in viewers that do not report the kind of page.
const style = `
  .page{fill:#ffffff} text{fill:#1f2933;font-family:system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif}
  .title{font-size:20px;font-weight:650} .head{font-size:15px;font-weight:650} .label{font-size:12px} .note{font-size:12.5px;fill:#52606d}
  text.label{fill:#52606d} text.ours{fill:#0f766e} text.peer{fill:#b45309} text.bad{fill:#b91c1c}
  .grid{stroke:#e4e7eb;stroke-width:1} .axis{stroke:#9aa5b1;stroke-width:1} .band{fill:#b91c1c;fill-opacity:.08}
  path.ours{fill:none;stroke:#0f766e;stroke-width:2;stroke-linejoin:round} path.peer{fill:none;stroke:#d97706;stroke-width:2;stroke-linejoin:round}
  rect.ours,circle.ours{fill:#0f766e} rect.peer,circle.peer{fill:#d97706} rect.bad,circle.bad{fill:#dc2626}
  @media (prefers-color-scheme:dark){
    .page{fill:#14191f} text{fill:#e6ebf0} .note,text.label{fill:#a3b0bd} .grid{stroke:#2a323b} .axis{stroke:#5b6875} .band{fill:#f87171;fill-opacity:.12}
    text.ours{fill:#2dd4bf} text.peer{fill:#fbbf24} text.bad{fill:#f87171}
    path.ours{stroke:#2dd4bf} path.peer{stroke:#f59e0b}
    rect.ours,circle.ours{fill:#2dd4bf} rect.peer,circle.peer{fill:#f59e0b} rect.bad,circle.bad{fill:#f87171}
  }
`

// New returns a canvas. Screen readers read the title and the description.
func New(width, height int, title, description string) *Canvas {
	c := &Canvas{width: width, height: height}
	fmt.Fprintf(&c.b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-labelledby="t d">`+"\n", width, height, width, height)
	fmt.Fprintf(&c.b, "<title id=\"t\">%s</title>\n<desc id=\"d\">%s</desc>\n<style>%s</style>\n", html.EscapeString(title), html.EscapeString(description), style)
	fmt.Fprintf(&c.b, `<rect class="page" width="%d" height="%d" rx="10"/>`+"\n", width, height)
	return c
}

// An Anchor is the end of a text that is at its point.
type Anchor string

// The anchors.
const (
	Start  Anchor = "start"
	Middle Anchor = "middle"
	End    Anchor = "end"
)

// Text writes text at a point.
func (c *Canvas) Text(x, y float64, class Class, a Anchor, text string) {
	fmt.Fprintf(&c.b, `<text class="%s" x="%.1f" y="%.1f" text-anchor="%s">%s</text>`+"\n", class, x, y, a, html.EscapeString(text))
}

// Line draws a straight line.
func (c *Canvas) Line(x1, y1, x2, y2 float64, class Class) {
	fmt.Fprintf(&c.b, `<line class="%s" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`+"\n", class, x1, y1, x2, y2)
}

// Rect draws a filled rectangle.
func (c *Canvas) Rect(x, y, width, height float64, class Class) {
	fmt.Fprintf(&c.b, `<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`+"\n", class, x, y, width, height)
}

// Dot draws a filled circle.
func (c *Canvas) Dot(x, y, r float64, class Class) {
	fmt.Fprintf(&c.b, `<circle class="%s" cx="%.1f" cy="%.1f" r="%.1f"/>`+"\n", class, x, y, r)
}

// A Point is a point of a path.
type Point struct{ X, Y float64 }

// Path draws a line through points.
func (c *Canvas) Path(points []Point, class Class) {
	if len(points) == 0 {
		return
	}
	fmt.Fprintf(&c.b, `<path class="%s" d="`, class)
	for i, p := range points {
		op := "L"
		if i == 0 {
			op = "M"
		}
		fmt.Fprintf(&c.b, "%s%.1f %.1f", op, p.X, p.Y)
	}
	c.b.WriteString("\"/>\n")
}

// Bytes returns the picture. The canvas must not be used afterwards.
func (c *Canvas) Bytes() []byte {
	c.b.WriteString("</svg>\n")
	return c.b.Bytes()
}

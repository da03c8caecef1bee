//! A small writer of SVG: shapes by class, so that the page's style gives them their colours.

use std::fmt::Write as _;

use super::escape;

/// One drawing of a fixed size, in its own units.
pub(super) struct Svg {
    body: String,
    width: f64,
    height: f64,
    id: &'static str,
    title: String,
    describes: String,
}

/// Where a text is held.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Svg {
    /// A drawing that screen readers announce by `title` and `describes`.
    pub(super) fn new(
        id: &'static str,
        (width, height): (f64, f64),
        title: &str,
        describes: &str,
    ) -> Self {
        let (title, describes) = (escape(title), escape(describes));
        Self { body: String::new(), width, height, id, title, describes }
    }

    pub(super) fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let ((x1, y1), (x2, y2)) = (from, to);
        let _ = writeln!(
            self.body,
            "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"
        );
    }

    /// A rectangle, with what a pointer held over it shows.
    pub(super) fn bar(&mut self, at: (f64, f64), size: (f64, f64), hint: &str) {
        let ((x, y), (w, h)) = (at, size);
        let _ = writeln!(
            self.body,
            "<rect class=\"bar\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{w:.1}\" height=\"{h:.1}\">\
             <title>{}</title></rect>",
            escape(hint)
        );
    }

    pub(super) fn dot(&mut self, (x, y): (f64, f64), hint: &str) {
        let _ = writeln!(
            self.body,
            "<circle class=\"dot\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"6\"><title>{}</title></circle>",
            escape(hint)
        );
    }

    /// A diamond: the baseline's mark, told from ours by shape and not by colour alone.
    pub(super) fn diamond(&mut self, (x, y): (f64, f64), hint: &str) {
        let _ = writeln!(
            self.body,
            "<path class=\"ref\" d=\"M{x:.1} {:.1} l6 6 l-6 6 l-6 -6 z\"><title>{}</title></path>",
            y - 6.0,
            escape(hint)
        );
    }

    /// A line through `points`.
    pub(super) fn path(&mut self, class: &str, points: &[(f64, f64)]) {
        let mut d = String::new();
        for (at, (x, y)) in points.iter().enumerate() {
            let _ = write!(d, "{}{x:.1} {y:.1}", if at == 0 { "M" } else { " L" });
        }
        if class == "area" {
            d.push_str(" Z");
        }
        let _ = writeln!(self.body, "<path class=\"{class}\" d=\"{d}\"/>");
    }

    pub(super) fn text(&mut self, class: &str, (x, y): (f64, f64), anchor: Anchor, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let _ = writeln!(
            self.body,
            "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>",
            escape(text)
        );
    }

    pub(super) fn finish(self) -> String {
        let Self { body, width, height, id, title, describes } = self;
        format!(
            "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\">\n\
             <title id=\"{id}-t\">{title}</title>\n<desc id=\"{id}-d\">{describes}</desc>\n{body}</svg>"
        )
    }
}

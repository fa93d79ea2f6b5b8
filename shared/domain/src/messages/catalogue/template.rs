//! Templates: text with slots in braces, and parts in square brackets that are omitted if a slot is empty.

/// A text with slots.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Template {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Slot(String),
    Optional(Vec<Piece>),
}

/// Writes the value of a slot; returns `false`, and writes nothing, if it has none.
pub type Fill<'a> = dyn Fn(&str, &mut String) -> bool + 'a;

impl Template {
    /// Parses a template. A part that is not closed ends with the text.
    pub fn parse(source: &str) -> Self {
        Self { pieces: pieces(&mut source.chars(), None) }
    }

    /// Writes the text; a slot outside brackets without a value writes nothing.
    pub fn write(&self, out: &mut String, fill: &Fill) {
        write_pieces(&self.pieces, out, fill);
    }

    /// Returns the names of all slots, including those within brackets, and whether each is within.
    #[cfg(test)]
    pub fn slots(&self) -> Vec<(String, bool)> {
        fn collect(pieces: &[Piece], within: bool, slots: &mut Vec<(String, bool)>) {
            for piece in pieces {
                match piece {
                    Piece::Text(_) => {}
                    Piece::Slot(name) => slots.push((name.clone(), within)),
                    Piece::Optional(pieces) => collect(pieces, true, slots),
                }
            }
        }
        let mut slots = Vec::new();
        collect(&self.pieces, false, &mut slots);
        slots
    }
}

fn pieces(source: &mut std::str::Chars, end: Option<char>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    while let Some(sign) = source.next().filter(|&sign| Some(sign) != end) {
        let piece = match sign {
            '{' => Piece::Slot(source.by_ref().take_while(|&sign| sign != '}').collect()),
            '[' => Piece::Optional(self::pieces(source, Some(']'))),
            _ => {
                text.push(sign);
                continue;
            }
        };
        push_text(&mut pieces, &mut text);
        pieces.push(piece);
    }
    push_text(&mut pieces, &mut text);
    pieces
}

fn push_text(pieces: &mut Vec<Piece>, text: &mut String) {
    if !text.is_empty() {
        pieces.push(Piece::Text(std::mem::take(text)));
    }
}

fn write_pieces(pieces: &[Piece], out: &mut String, fill: &Fill) -> bool {
    let mut all = true;
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Slot(name) => all &= fill(name, out),
            Piece::Optional(pieces) => {
                let before = out.len();
                if !write_pieces(pieces, out, fill) {
                    out.truncate(before);
                }
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(source: &str) -> String {
        let mut out = String::new();
        Template::parse(source).write(&mut out, &|name, out| {
            let known = name == "known";
            if known {
                out.push('!');
            }
            known
        });
        out
    }

    #[test]
    fn brackets_go_with_their_slots() {
        for (source, expected) in [
            ("plain", "plain"),
            ("a {known} b", "a ! b"),
            ("a[: {known}]", "a: !"),
            ("a[: {missing}] b", "a b"),
            ("a[ ({known} of {missing})][, {known}]", "a, !"),
            ("a[ x[ y {missing}] {known}]", "a x !"),
            ("a {missing}b", "a b"),
            ("", ""),
            ("a[: {kno", "a"),
        ] {
            assert_eq!(text(source), expected, "{source}");
        }
    }
}

//! The tags and attributes of small XML parts, which are looked for without reading the part as a whole.

/// The tags of a name, with or without a prefix.
pub(super) fn tags<'x>(xml: &'x [u8], name: &'x str) -> impl Iterator<Item = &'x str> {
    let starts = memchr::memchr_iter(b'<', xml).filter_map(move |at| {
        let end = memchr::memchr(b'>', &xml[at..])?;
        std::str::from_utf8(&xml[at + 1..at + end]).ok()
    });
    starts.filter(move |tag| {
        let own = tag.split([' ', '/', '\n', '\r', '\t']).next().unwrap_or_default();
        own.rsplit(':').next() == Some(name)
    })
}

/// An attribute's value, its name with or without a prefix.
pub(super) fn attribute<'x>(tag: &'x str, name: &str) -> Option<&'x str> {
    let mut rest = tag;
    while let Some((before, after)) = rest.split_once('=') {
        let quote = after.trim_start().chars().next()?;
        let (_, value) = after.split_once(quote)?;
        let (value, behind) = value.split_once(quote)?;
        let own = before.trim_end().rsplit([' ', '\n', '\r', '\t', ':']).next();
        if own == Some(name) {
            return Some(value);
        }
        rest = behind;
    }
    None
}

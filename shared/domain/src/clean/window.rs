//! Time windows: `HH:MM-HH:MM`.

/// Whether a cell is a window that ends after it starts (DIG-14).
pub fn is_window(cell: &str) -> bool {
    let Some((start, end)) = cell.split_once('-') else { return false };
    matches!((minutes(start), minutes(end)), (Some(start), Some(end)) if start < end)
}

/// Minutes since midnight of `HH:MM`.
fn minutes(time: &str) -> Option<u16> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| u16::from(byte - b'0'));
    let &[tens, ones, b':', ten_minutes, minutes] = time.as_bytes() else { return None };
    let hour = digit(tens)? * 10 + digit(ones)?;
    let minute = digit(ten_minutes)? * 10 + digit(minutes)?;
    (hour < 24 && minute < 60).then_some(hour * 60 + minute)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_two_times_in_order() {
        for (cell, is) in [
            ("09:00-12:30", true),
            ("00:00-23:59", true),
            ("18:00-09:00", false),
            ("09:00-09:00", false),
            ("24:00-25:00", false),
            ("09:60-10:00", false),
            ("9:00-12:00", false),
            ("09:00", false),
            ("09:00-12:00-13:00", false),
            ("morning", false),
            ("é9:00-12:00", false),
        ] {
            assert_eq!(is_window(cell), is, "{cell}");
        }
    }
}

//! Times as the channel writes them.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Milliseconds since the epoch.
pub fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_millis() as u64)
}

/// RFC 3339 in UTC with milliseconds.
pub(crate) fn rfc3339(ms: u64) -> String {
    let (seconds, millis) = (ms / 1000, ms % 1000);
    let (days, in_day) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days as i64);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{millis:03}Z",
        in_day / 3600,
        in_day / 60 % 60,
        in_day % 60
    )
}

pub(crate) fn now() -> String {
    rfc3339(now_ms())
}

/// Milliseconds since the epoch of a time in RFC 3339, in any zone. None for what is not one, or before the
/// epoch.
pub(crate) fn parse_rfc3339(text: &str) -> Option<u64> {
    let bytes = text.as_bytes();
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = bytes.get(from..to)?;
        digits.iter().all(u8::is_ascii_digit).then(|| text[from..to].parse().ok())?
    };
    let is = |at: usize, wanted: &[u8]| bytes.get(at).is_some_and(|byte| wanted.contains(byte));
    if !(is(4, b"-") && is(7, b"-") && is(10, b"Tt ") && is(13, b":") && is(16, b":")) {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    // A leap second is the next one.
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let rest = text.get(19..)?;
    let digits = rest
        .strip_prefix('.')
        .map_or(0, |fraction| fraction.bytes().take_while(u8::is_ascii_digit).count());
    let fraction = &rest[..if digits > 0 { digits + 1 } else { 0 }];
    let milliseconds: i64 = format!("{:0<3}", fraction.strip_prefix('.').unwrap_or_default())[..3]
        .parse()
        .ok()?;
    let offset_minutes = match &rest[fraction.len()..] {
        "Z" | "z" => 0,
        zone => {
            let (sign, place) = match zone.as_bytes().first()? {
                b'+' => (1, 19 + fraction.len()),
                b'-' => (-1, 19 + fraction.len()),
                _ => return None,
            };
            if zone.len() != 6 || !is(place + 3, b":") {
                return None;
            }
            sign * (number(place + 1, place + 3)? * 60 + number(place + 4, place + 6)?)
        }
    };
    let minutes = (days(year, month, day) * 24 + hour) * 60 + minute - offset_minutes;
    u64::try_from((minutes * 60 + second) * 1000 + milliseconds).ok()
}

/// Days from 1970-01-01 to a date, by Howard Hinnant's `days_from_civil`.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// A clock of somebody else: what it said once, and how long ago that is by our own monotonic one, which
/// nobody sets.
#[derive(Debug, Clone, Copy)]
pub struct OtherClock {
    said_ms: u64,
    at: Instant,
}

impl OtherClock {
    /// None for what is not a time.
    pub fn new(said: &str, at: Instant) -> Option<Self> {
        Some(Self {
            said_ms: parse_rfc3339(said)?,
            at,
        })
    }

    /// Milliseconds since the epoch by that clock.
    pub fn at(&self, now: Instant) -> u64 {
        self.said_ms
            .saturating_add(u64::try_from(now.saturating_duration_since(self.at).as_millis()).unwrap_or(u64::MAX))
    }
}

/// Date of a day counted from 1970-01-01, by Howard Hinnant's `civil_from_days`.
fn civil(days: i64) -> (i64, u32, u32) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let mp = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * mp + 2) / 5 + 1) as u32;
    let month = if mp < 10 { mp + 3 } else { mp - 9 } as u32;
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes_and_other_zones() {
        for ms in (0..4_000_000_000_000).step_by(86_399_876_543) {
            assert_eq!(parse_rfc3339(&rfc3339(ms)), Some(ms));
        }
        for (text, ms) in [
            ("2000-02-29T12:34:56Z", 951_827_696_000),
            ("2000-02-29T12:34:56.7894567Z", 951_827_696_789),
            ("2000-02-29t12:34:56.7z", 951_827_696_700),
            ("2000-02-29T14:04:56+01:30", 951_827_696_000),
            ("2000-02-28T22:34:56-14:00", 951_827_696_000),
        ] {
            assert_eq!(parse_rfc3339(text), Some(ms), "{text}");
        }
        let wrong = [
            "",
            "2000",
            "2000-02-29",
            "2000-02-29T12:34:56",
            "2000-13-29T12:34:56Z",
            "2000-02-29T24:34:56Z",
            "2000-02-29T12:34:56.Z",
            "2000-02-29T12:34:56+1:30",
            "1969-12-31T23:59:59Z",
            "2000-02-29T12:34:5ö",
            "+000-02-29T12:34:56Z",
        ];
        for text in wrong {
            assert_eq!(parse_rfc3339(text), None, "{text}");
        }
    }

    #[test]
    fn writes_dates_as_rfc_3339() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(951_827_696_789), "2000-02-29T12:34:56.789Z");
        assert_eq!(rfc3339(1_700_000_000_000), "2023-11-14T22:13:20.000Z");
    }
}

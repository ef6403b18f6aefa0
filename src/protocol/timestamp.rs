//! Seconds since 1970 as the wire writes them, and the calendar.

/// What Python's `datetime` can hold in any zone: the years 1 to 9999, less a day at each end.
const EARLIEST: f64 = -62_135_510_400.0;
const LATEST: f64 = 253_402_214_400.0;

/// Microseconds since 1970 of a number of seconds, rounded half to even as Python's `fromtimestamp` does.
///
/// `None` for what is outside the years that Python knows.
#[must_use]
pub fn micros(seconds: f64) -> Option<i64> {
    if !(EARLIEST..=LATEST).contains(&seconds) {
        return None;
    }
    let fraction = (seconds.fract() * 1e6).round_ties_even();
    #[expect(clippy::cast_possible_truncation, reason = "both are within the years 1 to 9999")]
    Some(seconds.trunc() as i64 * 1_000_000 + fraction as i64)
}

/// A moment's place in the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    pub year: i32,
    pub month: u8,
    pub day: u8,
    pub hour: u8,
    pub minute: u8,
    pub second: u8,
}

/// The proleptic Gregorian calendar's name for `seconds` since 1970.
#[must_use]
pub fn civil(seconds: i64) -> Civil {
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Years are counted from March, so that the leap day is a year's last; an era is 400 of them.
    let from_march = days + 719_468;
    let (era, day_of_era) = (from_march.div_euclid(146_097), from_march.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "each is within its calendar range")]
    Civil {
        year: year as i32,
        month: month as u8,
        day: day as u8,
        hour: (rest / 3_600) as u8,
        minute: (rest / 60 % 60) as u8,
        second: (rest % 60) as u8,
    }
}

impl Civil {
    /// `20261123T010203Z`, the form of signatures.
    #[must_use]
    pub fn basic(&self) -> String {
        let Self { year, month, day, hour, minute, second } = self;
        format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
    }

    /// `2026-11-23T01:02:03Z`.
    #[must_use]
    pub fn extended(&self) -> String {
        let Self { year, month, day, hour, minute, second } = self;
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

/// Seconds since 1970 of what [`Civil::basic`] writes.
#[must_use]
pub fn from_basic(text: &str) -> Option<i64> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
    // the inverse of `civil`: years counted from March
    let (year_from_march, march_month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year_from_march + year_from_march.div_euclid(4) - year_from_march.div_euclid(100)
        + year_from_march.div_euclid(400)
        + (153 * march_month + 2) / 5
        + day
        - 1
        - 719_468;
    let seconds = days * 86_400 + number(9, 11)? * 3_600 + number(11, 13)? * 60 + number(13, 15)?;
    // what is no moment of the calendar does not come back as it was
    (civil(seconds).basic() == text).then_some(seconds)
}

/// Seconds since 1970 of `20261123T010203Z`; `None` for what is not of that form or no day of the calendar.
#[must_use]
pub fn basic(text: &str) -> Option<i64> {
    let digits = text.strip_suffix('Z').and_then(|text| text.split_once('T')).filter(|(day, time)| {
        (day.len(), time.len()) == (8, 6) && day.bytes().chain(time.bytes()).all(|byte| byte.is_ascii_digit())
    });
    let (day, time) = digits?;
    let number = |text: &str| text.parse::<i64>().ok();
    let (year, month, day_of_month) = (number(&day[..4])?, number(&day[4..6])?, number(&day[6..])?);
    // as in `civil`, years begin in March
    let (years, march_month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = years / 4 - years / 100 + years / 400;
    let days = 365 * years + leap_days + (153 * march_month + 2) / 5 + day_of_month - 1 - 719_468;
    let seconds = days * 86_400 + number(&time[..2])? * 3_600 + number(&time[2..4])? * 60 + number(&time[4..])?;
    (civil(seconds).basic() == text).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_round_to_even() {
        assert_eq!(micros(1_700_000_000.123_456_7), Some(1_700_000_000_123_457));
        assert_eq!(micros(-1.5), Some(-1_500_000));
        assert_eq!(micros(1e20), None);
        assert_eq!(micros(f64::NAN), None);
    }

    #[test]
    fn the_form_of_signatures_is_read_back() {
        for seconds in [0, 951_782_399, 951_782_400, 1_700_000_000, 4_107_542_400, -1] {
            assert_eq!(from_basic(&civil(seconds).basic()), Some(seconds));
        }
        for wrong in ["", "20231114T221320", "20230229T000000Z", "20231314T221320Z", "2023-11-14T22:13:20Z", "é0231114T221320Z"]
        {
            assert_eq!(from_basic(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_calendar_knows_leap_days_and_the_years_before_1970() {
        assert_eq!(civil(951_782_400), Civil { year: 2000, month: 2, day: 29, hour: 0, minute: 0, second: 0 });
        assert_eq!(civil(-1), Civil { year: 1969, month: 12, day: 31, hour: 23, minute: 59, second: 59 });
        assert_eq!(civil(1_700_000_000).basic(), "20231114T221320Z");
        assert_eq!(civil(1_700_000_000).extended(), "2023-11-14T22:13:20Z");
    }

    #[test]
    fn what_the_calendar_writes_it_reads() {
        for seconds in (0..4_000_000_000_i64).step_by(86_399 * 7) {
            assert_eq!(basic(&civil(seconds).basic()), Some(seconds));
        }
        for wrong in ["20230229T000000Z", "20231301T000000Z", "20230101T240000Z", "20230101T000000", "2023-1-1T000000Z", ""] {
            assert_eq!(basic(wrong), None, "{wrong}");
        }
    }
}

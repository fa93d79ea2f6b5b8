//! An on-demand table of DynamoDB, as far as its throughput goes.
//!
//! A new table takes 4,000 writes a second. It "instantly accommodates up to double the previous peak traffic", and may
//! throttle where the peak is exceeded by more than that within 30 minutes (Developer Guide, "On-demand capacity mode"). So
//! here the limit doubles at most once in 30 minutes, and only where traffic used it. The default quota is 40,000 a table.
//! Burst capacity, which would help, is left out.

/// What a new table takes, writes a second.
pub(super) const COLD: f64 = 4_000.0;
/// The default quota of a table, writes a second.
pub(super) const QUOTA: f64 = 40_000.0;
/// How long a peak stays the measure, seconds.
const WINDOW: f64 = 1_800.0;
/// Peaks are means over so many seconds.
const MEAN: f64 = 60.0;

/// The throughput of a table.
#[derive(Debug)]
pub(crate) struct Table {
    limit: f64,
    tokens: f64,
    at: f64,
    /// The end of the window, the highest mean in it, and the mean that is being taken: since when, and of how many.
    until: f64,
    peak: f64,
    mean: (f64, f64),
    written: u64,
    grows: bool,
    /// Writes in each second.
    seconds: Vec<u64>,
}

impl Table {
    pub(super) fn new(limit: f64) -> Self {
        Self {
            limit,
            tokens: limit,
            at: 0.0,
            until: WINDOW,
            peak: 0.0,
            mean: (0.0, 0.0),
            written: 0,
            grows: true,
            seconds: Vec::new(),
        }
    }

    /// A table whose limit stays.
    pub(super) fn fixed(limit: f64) -> Self {
        Self { grows: false, ..Self::new(limit) }
    }

    /// Takes as many of these writes as there is room for.
    pub(super) fn take(&mut self, now: f64, writes: usize) -> usize {
        self.tokens = (self.tokens + (now - self.at) * self.limit).min(self.limit);
        self.at = now;
        self.grow(now);
        let taken = writes.min(self.tokens as usize);
        self.tokens -= taken as f64;
        self.mean.1 += taken as f64;
        self.written += taken as u64;
        self.seconds.resize(self.seconds.len().max(now as usize + 1), 0);
        self.seconds[now as usize] += taken as u64;
        taken
    }

    fn grow(&mut self, now: f64) {
        if now - self.mean.0 >= MEAN {
            self.peak = self.peak.max(self.mean.1 / (now - self.mean.0));
            self.mean = (now, 0.0);
        }
        if self.grows && now >= self.until {
            self.limit = self.limit.max((2.0 * self.peak).min(QUOTA));
            (self.until, self.peak) = (now + WINDOW, 0.0);
        }
    }

    /// The writes that it took in each second since the beginning.
    pub(super) fn seconds(&self) -> Vec<u64> {
        self.seconds.clone()
    }

    pub(super) fn written(&self) -> u64 {
        self.written
    }
}

/// The seconds that a table takes for so many writes, where it is busy all the time.
pub fn own_time(writes: u64, warm: bool) -> f64 {
    let (mut left, mut limit, mut seconds) = (writes as f64, if warm { QUOTA } else { COLD }, 0.0);
    while limit < QUOTA && left > limit * WINDOW {
        left -= limit * WINDOW;
        seconds += WINDOW;
        limit = (2.0 * limit).min(QUOTA);
    }
    seconds + left / limit
}

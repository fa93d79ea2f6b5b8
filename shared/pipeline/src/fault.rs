//! Errors of the infrastructure, and of an import that cannot go on. An error in a row or a file is never a fault.

/// The reason why a port failed. The adapter reads the cause and sets the kind.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// A retry may help: a throttle, a time-out, a lost connection.
    #[error("{doing}: {cause}")]
    Transient {
        /// The operation, without any cell or address.
        doing: &'static str,
        /// The cause, as the adapter reports it.
        cause: String,
    },
    /// The service takes no more for now. What was to be written is written as far as it says.
    #[error("{doing}: {cause}")]
    Throttled {
        /// The operation, without any cell or address.
        doing: &'static str,
        /// The cause, as the adapter reports it.
        cause: String,
        /// So many of the requested writes, from the first on, are written.
        kept: usize,
    },
    /// A retry does not help: a full disk, a missing permission, a broken file.
    #[error("{doing}: {cause}")]
    Permanent {
        /// The operation, without any cell or address.
        doing: &'static str,
        /// The cause, as the adapter reports it.
        cause: String,
    },
    /// An artifact of the import cannot be used, for example a message, plan or chunk result of another version. The
    /// infrastructure works, but this import must fail.
    #[error("{doing}: {cause}")]
    Damaged {
        /// The operation, without any cell or address.
        doing: &'static str,
        /// The problem with it.
        cause: String,
    },
    /// The requested version of the object no longer exists.
    #[error("the object is gone or was overwritten: {0}")]
    Gone(String),
}

impl Fault {
    /// A fault that a retry may resolve.
    pub fn transient(doing: &'static str, cause: impl std::fmt::Display) -> Self {
        Fault::Transient { doing, cause: cause.to_string() }
    }

    /// A fault that passes when the service has room again; nothing is known to be written.
    pub fn throttled(doing: &'static str, cause: impl std::fmt::Display) -> Self {
        Fault::Throttled { doing, cause: cause.to_string(), kept: 0 }
    }

    /// A fault that will not pass.
    pub fn permanent(doing: &'static str, cause: impl std::fmt::Display) -> Self {
        Fault::Permanent { doing, cause: cause.to_string() }
    }

    /// A fault of the import's artifacts.
    pub fn damaged(doing: &'static str, cause: impl std::fmt::Display) -> Self {
        Fault::Damaged { doing, cause: cause.to_string() }
    }

    /// Whether the import is at fault and not the infrastructure: this import fails, others go on.
    pub fn is_of_the_import(&self) -> bool {
        matches!(self, Fault::Damaged { .. } | Fault::Gone(_))
    }

    /// Whether a retry may help.
    pub fn is_transient(&self) -> bool {
        matches!(self, Fault::Transient { .. } | Fault::Throttled { .. })
    }
}

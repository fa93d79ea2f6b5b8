//! A broken machine, and an import that cannot go on; what a row or a file holds is never a fault.

/// Why a port could not do what it was asked; the kind is fixed where the adapter sees the cause.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Trying again later may help: a throttle, a time-out, a lost connection.
    #[error("{doing}: {cause}")]
    Transient {
        /// What was being done, without any cell or address.
        doing: &'static str,
        /// The cause in the adapter's words.
        cause: String,
    },
    /// Trying again will not help: a full disk, a missing permission, a broken file.
    #[error("{doing}: {cause}")]
    Permanent {
        /// What was being done, without any cell or address.
        doing: &'static str,
        /// The cause in the adapter's words.
        cause: String,
    },
    /// What the import itself left behind cannot be used: a message, plan or fragment of another version, say. The
    /// machine is well, and the import can only fail.
    #[error("{doing}: {cause}")]
    Damaged {
        /// What was being done, without any cell or address.
        doing: &'static str,
        /// What is wrong with it.
        cause: String,
    },
    /// The object, in the version that was asked for, is not there any more.
    #[error("the object is gone or was overwritten: {0}")]
    Gone(String),
}

impl Fault {
    /// A fault that may pass.
    pub fn transient(doing: &'static str, cause: impl std::fmt::Display) -> Self {
        Fault::Transient { doing, cause: cause.to_string() }
    }

    /// A fault that will not pass.
    pub fn permanent(doing: &'static str, cause: impl std::fmt::Display) -> Self {
        Fault::Permanent { doing, cause: cause.to_string() }
    }

    /// A fault of the import's own papers.
    pub fn damaged(doing: &'static str, cause: impl std::fmt::Display) -> Self {
        Fault::Damaged { doing, cause: cause.to_string() }
    }

    /// Whether it lies with the import and not with the machine: the import fails, others go on.
    pub fn is_of_the_import(&self) -> bool {
        matches!(self, Fault::Damaged { .. } | Fault::Gone(_))
    }

    /// Whether trying again may help.
    pub fn is_transient(&self) -> bool {
        matches!(self, Fault::Transient { .. })
    }
}

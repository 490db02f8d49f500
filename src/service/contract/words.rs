//! Whose schema is made plain, and which of its words stay.

/// Which descriptions stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Words {
    /// All of them.
    All,
    /// Of the fields of this object, the first sentence of each; none within them.
    OfFields,
    /// The first sentence of this schema's own; none within.
    Own,
    /// None.
    Nothing,
}

impl Words {
    pub(super) const fn within(self) -> Self {
        match self {
            Self::All => Self::All,
            Self::OfFields => Self::Own,
            Self::Own | Self::Nothing => Self::Nothing,
        }
    }
}

/// Whose schema it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// Of arguments: unknown fields are refused, and the schema says so.
    Input,
    /// Of a result: a later version may add fields.
    Output,
}

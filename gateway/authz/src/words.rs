//! Enums of code words: each variant with its word on the wire, its HTTP status and its sentence for
//! strangers, in one table.

macro_rules! words {
    ($(#[$doc:meta])* $type:ident { $($(#[$variant_doc:meta])* $name:ident = $word:literal, $status:literal, $text:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $type {
            $($(#[$variant_doc])* $name),*
        }

        impl $type {
            /// Every one of them.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The word on the wire, in the log and in the metrics.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word),* }
            }

            /// The HTTP status of a direct answer.
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status),* }
            }

            /// One sentence for a stranger.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }
        }
    };
}

pub(crate) use words;

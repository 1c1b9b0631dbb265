//! The variables that are known, in a closed table: each one is decided, or the program does not
//! compile.

macro_rules! variables {
    ($($(#[$doc:meta])* $name:ident = $word:literal;)*) => {
        /// A variable that `jhe_mcp` reads, or that changes how it runs.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Known {
            $($(#[$doc])* $name),*
        }

        impl Known {
            /// Every one of them, in the order in which they are decided and reported.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its name in the environment.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $word),* }
            }
        }
    };
}

variables! {
    /// The public URL; first, because what others mean depends on it.
    ResourceUrl = "MCP_RESOURCE_URL";
    /// Where it listens.
    HttpPort = "MCP_HTTP_PORT";
    /// What it sealed with.
    BrokerKey = "MCP_BROKER_KEY";
    /// Redirect URIs beside loopback and registered ones.
    AllowedRedirects = "MCP_ALLOWED_REDIRECTS";
    /// Whether a token must be known to be for it.
    RequireAudience = "MCP_REQUIRE_AUDIENCE";
    /// The Exchange.
    BaseUrl = "JHE_BASE_URL";
    /// Its client there.
    ClientId = "JHE_CLIENT_ID";
    /// The secret of that client.
    ClientSecret = "JHE_CLIENT_SECRET";
    /// Where browsers log in.
    AuthorizeEndpoint = "JHE_AUTHORIZE_ENDPOINT";
    /// Where codes are redeemed.
    TokenEndpoint = "JHE_TOKEN_ENDPOINT";
    /// Who stands behind a token.
    UserinfoEndpoint = "JHE_USERINFO_ENDPOINT";
    /// The callback of its stdio form.
    RedirectUri = "JHE_REDIRECT_URI";
    /// Read by the Exchange's own set-up command.
    SeedClientId = "MCP_OAUTH_CLIENT_ID";
    /// The same.
    SeedClientSecret = "MCP_OAUTH_CLIENT_SECRET";
    /// The same.
    SeedRedirectUri = "MCP_OAUTH_REDIRECT_URI";
    /// How its HTTP library reaches others.
    HttpsProxy = "HTTPS_PROXY";
    /// The same, over plain HTTP.
    HttpProxy = "HTTP_PROXY";
    /// The same, for everything.
    AllProxy = "ALL_PROXY";
    /// Except these.
    NoProxy = "NO_PROXY";
    /// Whom its TLS library trusts.
    SslCertFile = "SSL_CERT_FILE";
    /// The same, a folder.
    SslCertDir = "SSL_CERT_DIR";
    /// Where TLS session keys would be written.
    SslKeyLogFile = "SSLKEYLOGFILE";
    /// Whose forwarding headers its web server believes.
    ForwardedAllowIps = "FORWARDED_ALLOW_IPS";
}

impl Known {
    /// The variable of this name. Those of proxies are in use in both cases.
    pub fn of(name: &str) -> Option<Self> {
        let upper = name.to_ascii_uppercase();
        Self::ALL.iter().copied().find(|known| {
            known.name() == name || (known.name().ends_with("_PROXY") && known.name() == upper)
        })
    }

    /// Whether its value is a secret: then it is referred to, wherever it stands.
    pub const fn is_secret(self) -> bool {
        matches!(self, Self::ClientSecret | Self::BrokerKey | Self::SeedClientSecret)
    }

    /// The variable that names a file with the value, for what is a setting.
    pub(super) fn file_form(self) -> Option<String> {
        let name = self.name();
        is_of_the_program(name).then(|| format!("{name}_FILE"))
    }

    /// The known name that is closest to a name that is not known, if one is close.
    pub(super) fn close_to(name: &str) -> Option<Self> {
        let distance = |known: &Self| strsim::osa_distance(known.name(), name);
        Self::ALL.iter().copied().min_by_key(distance).filter(|known| distance(known) <= 3)
    }
}

/// Whether a name has a prefix of the program's own.
pub(super) fn is_of_the_program(name: &str) -> bool {
    name.starts_with("JHE_") || name.starts_with("MCP_")
}

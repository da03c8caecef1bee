import Foundation
internal import PamlinkFFI

/// Verifies HS256, ES256 and RS256 JSON Web Tokens (RFC 7519) by the clock that is passed in.
public final class TokenVerifier: Sendable {
    private let verifier: PamlinkFFI.TokenVerifier

    /// What a verified token says.
    public struct Claims: Hashable, Sendable {
        /// `sub`: the user.
        public let subject: String
        /// `exp`, in microseconds since 1970.
        public let expiresMicros: Int64
        /// `iat`, in microseconds since 1970.
        public let issuedMicros: Int64?
        /// `role`: informative; no role skips any check.
        public let role: String?
    }

    /// A verifier with the key of `auth`.
    ///
    /// - Throws: `bad_key`: there is none, or it is weak or broken; `abi_mismatch`.
    public init(_ auth: Auth) throws(PamlinkError) {
        verifier = try Library.call { try PamlinkFFI.TokenVerifier(auth: auth.options) }
    }

    /// The claims of a token that is genuine and valid now.
    ///
    /// - Throws: the first check that failed, `bad_signature` to `wrong_audience`. It carries no
    ///   text of the token.
    public func verify(
        _ token: String, wallMicros: Int64 = Now.current.wallMicros
    ) throws(PamlinkError) -> Claims {
        let it = try Library.call { try verifier.verify(token: token, wallMicros: wallMicros) }
        return Claims(
            subject: it.subject, expiresMicros: it.expiresMicros, issuedMicros: it.issuedMicros,
            role: it.role)
    }

    /// An HS256 token for `subject`, for development servers and tests.
    ///
    /// - Throws: `bad_key` for a secret of fewer than 32 bytes; `abi_mismatch`.
    public static func sign(
        secret: [UInt8], subject: String, expiresMicros: Int64, audience: String? = nil
    ) throws(PamlinkError) -> String {
        try Library.call {
            try signToken(
                secret: Data(secret), subject: subject, expiresMicros: expiresMicros,
                audience: audience)
        }
    }
}

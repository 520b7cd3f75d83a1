//! Access tokens: ES256 JSON Web Tokens signed with a key that is derived from the seed.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use p256::SecretKey;
use p256::elliptic_curve::sec1::ToEncodedPoint;
use p256::pkcs8::EncodePrivateKey;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::mint;

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(crate) aud: String,
    pub(crate) iss: String,
    pub(crate) iat: i64,
    pub(crate) nbf: i64,
    pub(crate) exp: i64,
    pub(crate) appid: String,
    pub(crate) appidacr: String,
    pub(crate) idtyp: String,
    pub(crate) oid: String,
    pub(crate) sub: String,
    pub(crate) tid: String,
    pub(crate) uti: String,
    pub(crate) ver: String,
}

/// The token cannot be read or was not signed here.
#[derive(Debug, thiserror::Error)]
#[error("the token is not one of this authority's")]
pub(crate) struct NotOurs(#[source] jsonwebtoken::errors::Error);

/// Signs and checks tokens.
pub(crate) struct Signer {
    encoding: EncodingKey,
    decoding: DecodingKey,
    key_id: String,
    jwk: Value,
    /// Tokens whose signature has been checked, by digest: a client sends the same one with every call.
    checked: BTreeMap<[u8; 32], Claims>,
}

/// How many checked tokens are remembered before all are forgotten.
const REMEMBERED: usize = 1024;

impl Signer {
    pub(crate) fn new(seed: u64) -> Self {
        let secret = secret_key(seed);
        let point = secret.public_key().to_encoded_point(false);
        let coordinate =
            |bytes: Option<&p256::FieldBytes>| URL_SAFE_NO_PAD.encode(bytes.copied().unwrap_or_default());
        let (x, y) = (coordinate(point.x()), coordinate(point.y()));
        let key_id = URL_SAFE_NO_PAD.encode(&mint::derive(seed, "entra/key id")[..20]);
        let private = secret.to_pkcs8_der().map(|der| der.as_bytes().to_vec()).unwrap_or_default();
        Self {
            encoding: EncodingKey::from_ec_der(&private),
            decoding: DecodingKey::from_ec_der(point.as_bytes()),
            jwk: json!({"kty": "EC", "use": "sig", "alg": "ES256", "crv": "P-256", "kid": key_id, "x": x, "y": y}),
            key_id,
            checked: BTreeMap::new(),
        }
    }

    /// The public key as a JSON Web Key Set.
    pub(crate) fn key_set(&self) -> Value {
        json!({"keys": [self.jwk]})
    }

    pub(crate) fn sign(&self, claims: &Claims) -> Result<String, jsonwebtoken::errors::Error> {
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(self.key_id.clone());
        jsonwebtoken::encode(&header, claims, &self.encoding)
    }

    /// The claims of a token that was signed here. Expiry and audience are left to the caller, who knows the time.
    pub(crate) fn verify(&mut self, token: &str) -> Result<Claims, NotOurs> {
        let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        if let Some(claims) = self.checked.get(&digest) {
            return Ok(claims.clone());
        }
        let mut rules = Validation::new(Algorithm::ES256);
        rules.validate_exp = false;
        rules.validate_aud = false;
        rules.set_required_spec_claims::<&str>(&[]);
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &rules).map_err(NotOurs)?.claims;
        if self.checked.len() >= REMEMBERED {
            self.checked.clear();
        }
        self.checked.insert(digest, claims.clone());
        Ok(claims)
    }
}

/// All but one in 2^32 digests are valid private keys; the next label is tried for that one.
fn secret_key(seed: u64) -> SecretKey {
    let mut attempt = 0u32;
    loop {
        let bytes = mint::derive(seed, &format!("entra/signing key/{attempt}"));
        if let Ok(key) = SecretKey::from_slice(&bytes) {
            return key;
        }
        attempt += 1;
    }
}

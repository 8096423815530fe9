// Reads one JSON object on each line and answers with one: the result of npm's jose for a token, or a token that it signs.
import { createInterface } from "node:readline";
import { createRemoteJWKSet, exportJWK, generateKeyPair, jwtVerify, SignJWT } from "jose";

const keys = new Map(); // algorithm -> private key
const sets = new Map(); // issuer -> remote key set

// keySet finds the keys by the issuer's discovery document, as a client does that knows the issuer's URL.
async function keySet(issuer) {
  if (!sets.has(issuer)) {
    const metadata = await (await fetch(issuer + "/.well-known/openid-configuration")).json();
    if (metadata.issuer !== issuer) throw new Error("the document names another issuer");
    sets.set(issuer, createRemoteJWKSet(new URL(metadata.jwks_uri)));
  }
  return sets.get(issuer);
}

const operations = {
  async verify({ token, issuer, audience, algorithms }) {
    const { payload } = await jwtVerify(token, await keySet(issuer), { issuer, audience, algorithms, requiredClaims: ["exp"] });
    return { claims: payload };
  },
  async keys({ algorithms }) {
    const published = [];
    for (const alg of algorithms) {
      const { privateKey, publicKey } = await generateKeyPair(alg, { modulusLength: 2048 });
      keys.set(alg, privateKey);
      published.push({ ...(await exportJWK(publicKey)), kid: alg, alg, use: "sig" });
    }
    return { keys: published };
  },
  async sign({ alg, claims }) {
    return { token: await new SignJWT(claims).setProtectedHeader({ alg, kid: alg, typ: "JWT" }).sign(keys.get(alg)) };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  let answer;
  try {
    answer = await operations[request.op](request);
  } catch (e) {
    answer = { error: e.code ?? String(e) };
  }
  console.log(JSON.stringify(answer));
}

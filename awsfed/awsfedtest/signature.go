package awsfedtest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A request is an HTTP request whose body has been read. Its Host is set, also on the client's side.
type request struct {
	*http.Request
	body []byte
}

const (
	amzDate     = "20060102T150405Z"
	maxSkew     = 15 * time.Minute // largest difference between the time of a signature and the clock of AWS
	v4Algorithm = "AWS4-HMAC-SHA256"
)

// A signature is an AWS Signature Version 4 with its parameters.
type signature struct {
	accessKeyID           string
	date, region, service string
	headers               []string // names of the signed headers, in the order of the request
	hex                   string   // the signature itself
	at                    string   // X-Amz-Date
	token                 string   // X-Amz-Security-Token
	presigned             bool
	expires               time.Duration // X-Amz-Expires of a presigned URL
}

// authenticate verifies the signature of a request, in its Authorization header or in a presigned
// URL for a service, and returns the session whose credentials signed it.
//
// The expiration is checked last, so that only a caller with the secret access key learns it.
func (s *STS) authenticate(r request, service string, now time.Time) (session, *apiError) {
	sig, refused := readSignature(r)
	if refused != nil {
		return session{}, refused
	}
	x, ok := s.open(sig.token)
	if !ok || x.AccessKeyID != sig.accessKeyID {
		return session{}, refuse("InvalidClientTokenId", "").because("the session token is not one of this STS for this access key")
	}
	if sig.service != service {
		return session{}, refuse("SignatureDoesNotMatch", "Credential should be scoped to correct service: '"+service+"'. ")
	}
	if sig.region == "" {
		return session{}, refuse("SignatureDoesNotMatch", "Credential should be scoped to a valid region. ")
	}
	if want := sig.compute(r, s.secret(sig.accessKeyID)); !hmac.Equal([]byte(want), []byte(sig.hex)) {
		return session{}, refuse("SignatureDoesNotMatch", "").because("another secret access key, or the request was changed after it was signed")
	}
	if refused := sig.checkTime(now); refused != nil {
		return session{}, refused
	}
	if now.Unix() >= x.Expires || s.isExpired(x.AccessKeyID) {
		return session{}, refuse("ExpiredToken", "").because("access key %s expired", x.AccessKeyID)
	}
	return x, nil
}

// readSignature returns the signature of a request. It is not verified.
func readSignature(r request) (signature, *apiError) {
	var sig signature
	var credential, headers string
	query := r.URL.Query()
	switch authorization := r.Header.Get("Authorization"); {
	case authorization != "":
		fields, ok := strings.CutPrefix(authorization, v4Algorithm+" ")
		if !ok {
			return signature{}, refuse("IncompleteSignature", "Unsupported signing algorithm")
		}
		for field := range strings.SplitSeq(fields, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
			switch name {
			case "Credential":
				credential = value
			case "SignedHeaders":
				headers = value
			case "Signature":
				sig.hex = value
			}
		}
		sig.at, sig.token = r.Header.Get("X-Amz-Date"), r.Header.Get("X-Amz-Security-Token")
	case query.Has("X-Amz-Signature"):
		if query.Get("X-Amz-Algorithm") != v4Algorithm {
			return signature{}, refuse("IncompleteSignature", "Unsupported signing algorithm")
		}
		credential, headers, sig.hex = query.Get("X-Amz-Credential"), query.Get("X-Amz-SignedHeaders"), query.Get("X-Amz-Signature")
		sig.at, sig.token, sig.presigned = query.Get("X-Amz-Date"), query.Get("X-Amz-Security-Token"), true
		sig.expires = maxSkew
		if seconds, err := strconv.Atoi(query.Get("X-Amz-Expires")); err == nil {
			sig.expires = time.Duration(seconds) * time.Second
		}
	default:
		return signature{}, refuse("MissingAuthenticationToken", "").because("the request has no signature")
	}
	if refused := sig.complete(r, credential, headers); refused != nil {
		return signature{}, refused
	}
	return sig, nil
}

// complete sets the scope and the signed headers, and refuses a signature without a required part.
func (sig *signature) complete(r request, credential, headers string) *apiError {
	for _, part := range []struct{ name, value string }{
		{"Credential", credential}, {"Signature", sig.hex}, {"SignedHeaders", headers}, {"X-Amz-Date", sig.at},
	} {
		if part.value == "" {
			return refuse("IncompleteSignature", "Authorization requires '"+part.name+"'.")
		}
	}
	scope := strings.Split(credential, "/")
	if len(scope) != 5 || scope[4] != "aws4_request" {
		return refuse("IncompleteSignature", "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term")
	}
	sig.accessKeyID, sig.date, sig.region, sig.service = scope[0], scope[1], scope[2], scope[3]
	sig.headers = strings.Split(headers, ";")
	for _, name := range []string{"Host", "X-Amz-Date", "X-Amz-Security-Token"} {
		if (name == "Host" || r.Header.Get(name) != "") && !slices.Contains(sig.headers, strings.ToLower(name)) {
			return refuse("SignatureDoesNotMatch", "'"+name+"' must be a 'SignedHeader' in the AWS Authorization.")
		}
	}
	return nil
}

// checkTime refuses a signature from another time and an expired presigned URL.
func (sig signature) checkTime(now time.Time) *apiError {
	at, err := time.Parse(amzDate, sig.at)
	if err != nil || !strings.HasPrefix(sig.at, sig.date) {
		return refuse("IncompleteSignature", "Date must be in ISO-8601 'basic format' and agree with the Credential.")
	}
	late := func(message string) *apiError {
		refused := refuse("SignatureDoesNotMatch", message)
		refused.timing = badTime
		if sig.presigned {
			refused.timing = badURLTime
		}
		return refused
	}
	stamp := func(t time.Time) string { return t.UTC().Format(amzDate) }
	valid := maxSkew
	// STS accepts a presigned URL for 15 minutes whatever X-Amz-Expires says, according to package
	// token of aws-iam-authenticator.
	if sig.presigned && sig.service != "sts" {
		valid = sig.expires
	}
	switch {
	case at.Add(valid).Before(now):
		return late("Signature expired: " + stamp(at) + " is now earlier than " + stamp(now.Add(-valid)))
	case at.Add(-maxSkew).After(now):
		return late("Signature not yet current: " + stamp(at) + " is still later than " + stamp(now.Add(maxSkew)))
	}
	return nil
}

// compute returns the right signature of a request.
func (sig signature) compute(r request, secret string) string {
	key := []byte("AWS4" + secret)
	for _, part := range []string{sig.date, sig.region, sig.service, "aws4_request"} {
		key = hmacSHA256(key, part)
	}
	canonical := sha256.Sum256([]byte(sig.canonicalRequest(r)))
	return hex.EncodeToString(hmacSHA256(key, strings.Join([]string{
		v4Algorithm, sig.at, sig.date + "/" + sig.region + "/" + sig.service + "/aws4_request", hex.EncodeToString(canonical[:]),
	}, "\n")))
}

func hmacSHA256(key []byte, data string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(data))
	return h.Sum(nil)
}

// canonicalRequest returns the text that is signed ("Create a signed AWS API request", IAM User
// Guide).
func (sig signature) canonicalRequest(r request) string {
	path := r.URL.EscapedPath()
	if path == "" {
		path = "/"
	}
	if !isS3(sig.service) { // all services except S3 encode the path twice
		path = strings.ReplaceAll(encodeURI(path), "%2F", "/")
	}
	var b strings.Builder
	b.WriteString(r.Method + "\n" + path + "\n" + canonicalQuery(r.URL.Query()) + "\n")
	for _, name := range sig.headers {
		var value string
		switch values := r.Header.Values(name); {
		case name == "host":
			value = r.Host
		case name == "content-length" && len(values) == 0:
			value = strconv.Itoa(len(r.body)) // not in http.Header
		default:
			plain := make([]string, len(values))
			for i, v := range values {
				plain[i] = strings.Join(strings.Fields(v), " ")
			}
			value = strings.Join(plain, ",")
		}
		b.WriteString(name + ":" + value + "\n")
	}
	b.WriteString("\n" + strings.Join(sig.headers, ";") + "\n" + sig.payloadHash(r))
	return b.String()
}

// payloadHash returns the hash of the body, or the word that S3 accepts instead, for example for a
// stream.
func (sig signature) payloadHash(r request) string {
	word := r.Header.Get("X-Amz-Content-Sha256")
	if isS3(sig.service) && (word == "UNSIGNED-PAYLOAD" || strings.HasPrefix(word, "STREAMING-")) {
		return word
	}
	if isS3(sig.service) && sig.presigned {
		return "UNSIGNED-PAYLOAD"
	}
	sum := sha256.Sum256(r.body)
	return hex.EncodeToString(sum[:])
}

// canonicalQuery returns the encoded parameters except the signature, sorted by name and then by
// value.
func canonicalQuery(query url.Values) string {
	var pairs []string
	for name, values := range query {
		if name == "X-Amz-Signature" {
			continue
		}
		for _, value := range values {
			pairs = append(pairs, encodeURI(name)+"="+encodeURI(value))
		}
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

// encodeURI percent-encodes all characters that are not unreserved in RFC 3986.
func encodeURI(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}

package awsfedtest

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"strings"
)

// A Caller is the session that signed a request to an [STS.Service].
type Caller struct {
	// ARN is the ARN of the session, such as arn:aws:sts::123456789012:assumed-role/deploy/env-...
	ARN string
	// RoleARN is the ARN of its role.
	RoleARN string
	// AccessKeyID is the key of the signature.
	AccessKeyID string
	// Service and Region are those in the signature, such as "s3" and "eu-central-1".
	Service, Region string
}

type callerKey struct{}

// CallerFrom returns the caller of the request with the context ctx. It reports false for a context
// that is not from a handler of an [STS.Service].
func CallerFrom(ctx context.Context) (Caller, bool) {
	c, ok := ctx.Value(callerKey{}).(Caller)
	return c, ok
}

// Service returns a handler for an AWS service in any region. It calls next for requests that are
// signed with credentials of s, see [CallerFrom]. It refuses other requests with the errors of AWS,
// such as ExpiredToken, in the format of the service: JSON or XML. A nil next responds with status
// 200 and no body. A body may have at most 16 MiB.
func (s *STS) Service(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !onLoopback(r) {
			http.Error(w, notLoopback, http.StatusForbidden)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 16<<20))
		if err != nil {
			http.Error(w, "awsfedtest: "+err.Error(), http.StatusRequestEntityTooLarge)
			return
		}
		req := request{method: r.Method, host: r.Host, url: r.URL, header: r.Header, body: body}
		x, refused := s.authenticate(req, "", s.now())
		if refused != nil {
			refused.writeTo(w, r.Header.Get("Content-Type"))
			return
		}
		if next == nil {
			return
		}
		sig, _ := readSignature(req)
		caller := Caller{ARN: x.arn(), RoleARN: x.RoleARN, AccessKeyID: x.AccessKeyID, Service: sig.service, Region: sig.region}
		r = r.WithContext(context.WithValue(r.Context(), callerKey{}, caller))
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
}

// writeTo writes the error in the format of the request: JSON, the query protocol, or else XML as
// S3 has it.
func (e *apiError) writeTo(w http.ResponseWriter, contentType string) {
	const requestID = "00000000-0000-4000-8000-000000000000"
	var body []byte
	var err error
	status, kind := e.status, "application/xml"
	switch {
	case strings.HasPrefix(contentType, "application/x-amz-json"), strings.HasPrefix(contentType, "application/json"):
		code := jsonCode(e.code)
		status, kind = http.StatusBadRequest, "application/x-amz-json-1.1"
		w.Header().Set("X-Amzn-Errortype", code)
		body, err = json.Marshal(map[string]string{"__type": code, "message": e.message})
	case strings.HasPrefix(contentType, "application/x-www-form-urlencoded"):
		kind = "text/xml"
		doc := errorDocument(e)
		doc.setRequestID(requestID)
		body, err = xml.Marshal(doc)
	default:
		if e.code == "ExpiredToken" {
			status = http.StatusBadRequest // as S3 does
		}
		body, err = xml.Marshal(struct {
			XMLName       xml.Name `xml:"Error"`
			Code, Message string
			RequestID     string `xml:"RequestId"`
		}{Code: e.code, Message: e.message, RequestID: requestID})
	}
	if err != nil {
		http.Error(w, "awsfedtest: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("X-Amzn-Requestid", requestID)
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// jsonCode returns the code of an error in the JSON protocols.
func jsonCode(code string) string {
	switch code {
	case "ExpiredToken":
		return "ExpiredTokenException"
	case "InvalidClientTokenId":
		return "UnrecognizedClientException"
	case "SignatureDoesNotMatch":
		return "InvalidSignatureException"
	case "MissingAuthenticationToken", "IncompleteSignature":
		return code + "Exception"
	default:
		return code
	}
}

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

// Caller is who signed a request that [STS.Service] let through.
type Caller struct {
	// ARN is that of the session: arn:aws:sts::123456789012:assumed-role/deploy/env-...
	ARN string
	// RoleARN is the role of the session.
	RoleARN string
	// AccessKeyID is the key that signed.
	AccessKeyID string
	// Service and Region are what the signature is for, for example "s3" and "eu-central-1".
	Service, Region string
}

type callerKey struct{}

// CallerFrom returns who signed the request that ctx belongs to. It reports false outside of a handler behind [STS.Service].
func CallerFrom(ctx context.Context) (Caller, bool) {
	c, ok := ctx.Value(callerKey{}).(Caller)
	return c, ok
}

// Service is an AWS service of any name and region in front of next: requests signed with credentials of s reach next (see
// [CallerFrom]); the others are answered as AWS does, expired credentials with ExpiredToken, in the shape that the service's
// protocol calls for. A nil next answers 200 with no body. Bodies are read into memory, 16 MiB at most.
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

// writeTo writes the error as a service does: in JSON or as the query protocol has it, else as S3 and its kin.
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
			status = http.StatusBadRequest // S3's choice
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

// jsonCode is the JSON protocols' name of a refusal.
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

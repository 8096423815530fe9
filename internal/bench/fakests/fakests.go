// Package fakests is an STS for measurements: it is fast, and it fails on request. It answers the real
// client of the SDK, so options, retries and errors are real on both sides of a comparison. It checks
// nothing, because the cost of checks is not measured.
package fakests

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/onafed/onafed/awsfed"
)

// The roles on both sides. NextRoleARN is the second one of a chain.
const (
	RoleARN     = "arn:aws:iam::123456789012:role/deploy"
	NextRoleARN = "arn:aws:iam::210987654321:role/next"
)

// A Fault is how all calls fail.
type Fault string

// The faults. All except Denied are temporary.
const (
	None      Fault = ""
	Error500  Fault = "500"
	Refused   Fault = "refused"
	Throttled Fault = "throttled"
	Hanging   Fault = "hangs" // for two minutes, then the connection breaks
	HTML      Fault = "HTML"
	Denied    Fault = "denied"
)

// An STS is the service. Set the fields before the first call.
type STS struct {
	// Latency is the time between a request and its answer.
	Latency time.Duration
	// Life is the lifetime of the credentials; zero means an hour.
	Life time.Duration
	// Expires, if not nil, returns when the n-th credentials expire; n begins at 1.
	Expires func(n int, now time.Time) time.Time
	// Limit is the number of requests that are answered in a second; the others are throttled. Zero means
	// no limit. As at AWS, it is a bucket for one second.
	Limit int

	mu     sync.Mutex // guards what follows
	fault  Fault
	calls  []time.Time
	answer time.Time // when the last failing answer was sent
	issued int
	ends   map[string]time.Time
	level  float64 // of the bucket
	filled time.Time
}

// hang is how long a hanging request has no answer before its connection breaks.
const hang = 2 * time.Minute

// Set makes all following calls fail.
func (s *STS) Set(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
	s.answer = time.Time{}
}

// FirstFailure returns when the first failing answer after Set was sent.
func (s *STS) FirstFailure() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.answer
}

// Calls returns when the requests arrived.
func (s *STS) Calls() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[:len(s.calls):len(s.calls)]
}

// End returns when the credentials with that key expire at STS.
func (s *STS) End(accessKeyID string) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ends[accessKeyID]
}

// Client returns the client of the SDK for this STS, with its default options.
func (s *STS) Client() *sts.Client {
	return sts.New(sts.Options{Region: "us-east-1", HTTPClient: s})
}

// Do answers a request.
func (s *STS) Do(r *http.Request) (*http.Response, error) {
	form, err := parameters(r)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	s.mu.Lock()
	s.calls = append(s.calls, now)
	fault := s.fault
	if fault == None && !s.admit(now) {
		fault = Throttled
	}
	s.mu.Unlock()
	latency := s.Latency
	if fault == Hanging {
		latency = hang
	}
	if latency > 0 {
		t := time.NewTimer(latency)
		defer t.Stop()
		select {
		case <-t.C:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	if fault != None {
		s.mu.Lock()
		if s.answer.IsZero() {
			s.answer = time.Now()
		}
		s.mu.Unlock()
	}
	switch fault {
	case Error500:
		return failure(r, http.StatusInternalServerError, "InternalFailure"), nil
	case Hanging:
		return nil, errors.New("read: connection reset by peer")
	case Refused:
		return nil, errors.New("connect: connection refused")
	case Throttled:
		return failure(r, http.StatusBadRequest, "Throttling"), nil
	case Denied:
		return failure(r, http.StatusForbidden, deniedCode), nil
	case HTML:
		return response(r, http.StatusOK, "text/html", "<html><body><h1>Welcome to the guest network</h1></body></html>"), nil
	default:
		return s.success(r, form), nil
	}
}

// admit takes one request from the bucket and reports whether it was not empty. The caller holds mu.
func (s *STS) admit(now time.Time) bool {
	if s.Limit == 0 {
		return true
	}
	if s.filled.IsZero() {
		s.level = float64(s.Limit)
	} else {
		s.level = min(float64(s.Limit), s.level+now.Sub(s.filled).Seconds()*float64(s.Limit))
	}
	s.filled = now
	if s.level < 1 {
		return false
	}
	s.level--
	return true
}

// tokenSize is the length of a session token of AWS without tags and policies.
const tokenSize = 356

// parameters returns the parameters of the request.
func parameters(r *http.Request) (url.Values, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	return url.ParseQuery(string(body))
}

// AssumedRole returns the ARN of a session of the role, as STS answers it: without the path of the role.
func AssumedRole(roleARN, session string) string {
	account, role, _ := strings.Cut(strings.TrimPrefix(roleARN, "arn:aws:iam::"), ":role/")
	return "arn:aws:sts::" + account + ":assumed-role/" + role[strings.LastIndexByte(role, '/')+1:] + "/" + session
}

// success answers AssumeRoleWithWebIdentity or AssumeRole.
func (s *STS) success(r *http.Request, form url.Values) *http.Response {
	now := time.Now()
	s.mu.Lock()
	s.issued++
	n := s.issued
	life := s.Life
	if life == 0 {
		life = time.Hour
	}
	end := now.Add(life)
	if s.Expires != nil {
		end = s.Expires(n, now)
	}
	key := fmt.Sprintf("ASIATESTONAFED%06d", n)
	if s.ends == nil {
		s.ends = map[string]time.Time{}
	}
	s.ends[key] = end
	s.mu.Unlock()
	return response(r, http.StatusOK, "text/xml", fmt.Sprintf(`<%[1]sResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><%[1]sResult>`+
		`<AssumedRoleUser><Arn>%[2]s</Arn><AssumedRoleId>AROATEST:bench</AssumedRoleId></AssumedRoleUser>`+
		`<Credentials><AccessKeyId>%[3]s</AccessKeyId><SecretAccessKey>%040[4]d</SecretAccessKey><SessionToken>%[5]s</SessionToken><Expiration>%[6]s</Expiration></Credentials>`+
		`</%[1]sResult><ResponseMetadata><RequestId>00000000-0000-4000-8000-%012[4]d</RequestId></ResponseMetadata></%[1]sResponse>`,
		form.Get("Action"), AssumedRole(form.Get("RoleArn"), form.Get("RoleSessionName")), key, n,
		fmt.Sprintf("%s%0*d", "FwoGZXIvYXdz", tokenSize-12, n), end.UTC().Format(time.RFC3339Nano)))
}

func failure(r *http.Request, status int, code string) *http.Response {
	return response(r, status, "text/xml", fmt.Sprintf(`<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>%s</Code>`+
		`<Message>as told</Message></Error><RequestId>00000000-0000-4000-8000-000000000000</RequestId></ErrorResponse>`, code))
}

func response(r *http.Request, status int, contentType, body string) *http.Response {
	return &http.Response{
		Status: http.StatusText(status), StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header:        http.Header{"Content-Type": {contentType}, "Date": {time.Now().UTC().Format(http.TimeFormat)}},
		ContentLength: int64(len(body)), Body: io.NopCloser(bytes.NewReader([]byte(body))),
	}
}

// Cache returns the peer: the cache of the SDK around its web identity provider. window is how long
// before the expiry it refreshes; the SDK has no window by default.
func Cache(c stscreds.AssumeRoleWithWebIdentityAPIClient, window time.Duration) *aws.CredentialsCache {
	return aws.NewCredentialsCache(WebIdentity(c), func(o *aws.CredentialsCacheOptions) { o.ExpiryWindow = window })
}

// WebIdentity returns the SDK's own provider, without a cache.
func WebIdentity(c stscreds.AssumeRoleWithWebIdentityAPIClient) *stscreds.WebIdentityRoleProvider {
	return stscreds.NewWebIdentityRoleProvider(c, RoleARN, Retriever(RawToken(time.Now())))
}

// IsDenied reports whether STS refused the role.
func IsDenied(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == deniedCode
}

// deniedCode is the code of the fault Denied.
const deniedCode = "AccessDenied"

// Provider returns our provider.
func Provider(c stscreds.AssumeRoleWithWebIdentityAPIClient, optFns ...func(*awsfed.Options)) *awsfed.Provider {
	p, err := awsfed.New(c, RoleARN, Source{}, optFns...)
	if err != nil {
		panic(err) // the arguments are constants
	}
	return p
}

// A Retriever is a token for the SDK.
type Retriever string

// GetIdentityToken returns the token.
func (r Retriever) GetIdentityToken() ([]byte, error) { return []byte(r), nil }

// RawToken returns the text of an unsigned token in the form of Ona that expires in an hour.
func RawToken(now time.Time) string {
	payload := fmt.Sprintf(`{"aud":"sts.amazonaws.com","exp":%d,"iat":%d,"iss":"https://app.gitpod.io","org":"0191e223-1c3c-7607-badf-303c98b52d2f",`+
		`"sub":"org:0191e223-1c3c-7607-badf-303c98b52d2f/prj:019527e4-75d5-704d-a5a4-a2b52cf56198/env:019527e4-75d5-704d-a5a4-a2b52cf56196"}`,
		now.Add(time.Hour).Unix(), now.Unix())
	enc := base64.RawURLEncoding
	return strings.Join([]string{enc.EncodeToString([]byte(`{"alg":"RS256","kid":"k0"}`)), enc.EncodeToString([]byte(payload)), enc.EncodeToString(make([]byte, 256))}, ".")
}

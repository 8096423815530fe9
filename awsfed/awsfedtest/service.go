package awsfedtest

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/onafed/onafed/internal/fakehttp"
	"github.com/onafed/onafed/internal/quote"
)

const (
	stsName = "sts" // the name of STS in signatures
	// maxServiceBody is the largest body of a request to another service, in bytes.
	maxServiceBody = 16 << 20
	// requestID is the ID in the responses of services other than STS.
	requestID = "00000000-0000-4000-8000-000000000000"
	// formType is the content type of the query protocol.
	formType = "application/x-www-form-urlencoded"
)

// A Caller is the session that signed a request to a service, see [STS.Handle].
type Caller struct {
	// ARN is the ARN of the session, such as arn:aws:sts::123456789012:assumed-role/deploy/env-...
	ARN string
	// RoleARN is the ARN of its role.
	RoleARN string
	// Account is the account of the role: 12 digits.
	Account string
	// AccessKeyID is the key of the signature.
	AccessKeyID string
	// Service and Region are those in the signature, such as "s3" and "eu-central-1".
	Service, Region string
}

type callerKey struct{}

// sessionName returns the last part of the ARN.
func (c Caller) sessionName() string { return c.ARN[strings.LastIndexByte(c.ARN, '/')+1:] }

// CallerFrom returns the caller of the request with the context ctx. It reports false for a context
// that is not from a handler of [STS.Handle].
func CallerFrom(ctx context.Context) (Caller, bool) {
	c, ok := ctx.Value(callerKey{}).(Caller)
	return c, ok
}

// Handle adds a service of AWS in all regions. service is its name in signatures, such as "s3",
// "secretsmanager" or "ec2"; see [S3], [SecretsManager] and [EC2] for small handlers. It replaces
// the handler of that service; a nil handler removes it. Handle panics if service is "sts", which s
// itself handles.
//
// The handler gets only requests that are signed with valid credentials of s, see [CallerFrom].
// Other requests are refused as AWS does, with the code and in the format of the service, for
// example ExpiredToken of S3 and RequestExpired of EC2. There are no permission policies: the
// handler decides what a role may do. A body may have at most 16 MiB. An upload in chunks
// (aws-chunked) is decoded; the signatures and checksums of its chunks are not verified.
//
// [STS.HTTPClient] and [Start] reach all services. A request belongs to the service in its host
// name, or else to that of its signature, so one URL (AWS_ENDPOINT_URL) is enough for all of them.
// For a request without a signature, its protocol determines the service.
func (s *STS) Handle(service string, handler http.Handler) {
	if service == stsName {
		panic("awsfedtest: Handle: STS itself handles sts")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if handler == nil {
		delete(s.services, service)
		return
	}
	s.services[service] = handler
}

func (s *STS) service(name string) (http.Handler, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	h, ok := s.services[name]
	return h, ok
}

// serviceNames returns the names of all services.
func (s *STS) serviceNames() []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return append(slices.Sorted(maps.Keys(s.services)), stsName)
}

// serviceOf returns the name of the service that a request is for.
func (s *STS) serviceOf(r request) string {
	// The service is the last known label, as in bucket.s3.eu-central-1.amazonaws.com.
	for _, label := range slices.Backward(hostLabels(r.Host)) {
		name := strings.TrimSuffix(label, "-fips")
		if _, ok := s.service(name); ok || name == stsName {
			return name
		}
	}
	if name := r.signedService(); name != "" {
		return name
	}
	name := r.likelyService()
	if _, ok := s.service(name); ok && name != "" {
		return name
	}
	return stsName // AssumeRoleWithWebIdentity is not signed
}

// hostLabels returns the labels of a host name, or nothing for an IP address.
func hostLabels(host string) []string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if net.ParseIP(strings.Trim(host, "[]")) != nil {
		return nil
	}
	return strings.Split(strings.ToLower(host), ".")
}

// signedService returns the service in the scope of a signature, or "". The signature is not
// verified.
func (r request) signedService() string {
	credential := r.URL.Query().Get("X-Amz-Credential")
	if _, after, ok := strings.Cut(r.Header.Get("Authorization"), "Credential="); ok {
		credential, _, _ = strings.Cut(after, ",")
	}
	if scope := strings.Split(credential, "/"); len(scope) == 5 {
		return scope[3]
	}
	return ""
}

// likelyService returns the service of a request without a signature, by its protocol, or "". The
// service then refuses the request in its own format.
func (r request) likelyService() string {
	target, _, named := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	isForm := strings.HasPrefix(r.Header.Get("Content-Type"), formType)
	switch {
	case named:
		return strings.ToLower(target)
	case isForm && bytes.Contains(r.body, []byte("Version="+ec2Version)):
		return "ec2"
	case !isForm && !r.URL.Query().Has("Action"):
		return "s3" // the only service here whose requests name no operation
	}
	return ""
}

// serveService verifies the signature of a request to a service and calls its handler. An error
// means that there is no response.
func (s *STS) serveService(r request, service string) (resp *fakehttp.Response, err error) {
	call := Call{Time: time.Now(), Service: quote.Clean(service, 64), Action: r.action(), RequestID: requestID, UserAgent: r.userAgent()}
	defer func() { s.report(call, resp, err) }()
	resp = fakehttp.NewResponse()
	resp.Fields.Set("Date", s.now().UTC().Format(http.TimeFormat))
	resp.Fields.Set("X-Amzn-Requestid", requestID)
	handler, caller, refused := s.admit(r, service)
	sent := r.Header
	if refused == nil {
		r.body, r.Header, refused = r.decodeBody()
	}
	call.RoleARN, call.SessionName, call.AccessKeyID = caller.RoleARN, caller.sessionName(), caller.AccessKeyID
	if refused != nil {
		call.Reason = refused.why()
		refused.writeTo(resp, service, sent)
	} else {
		ctx := context.WithValue(r.Context(), callerKey{}, caller)
		handler.ServeHTTP(resp, r.toServer(ctx))
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return resp, nil
}

// admit returns the handler of a service and the caller of a request, or why it is refused.
func (s *STS) admit(r request, service string) (http.Handler, Caller, *apiError) {
	handler, ok := s.service(service)
	switch {
	case !ok:
		return nil, Caller{}, &apiError{status: http.StatusNotImplemented, code: "NotImplemented", message: "awsfedtest: there is no service " +
			quote.Text(service, 64) + " here, only " + strings.Join(s.serviceNames(), ", ") + "; in a test, STS.Handle adds one"}
	case len(r.body) > maxServiceBody:
		return nil, Caller{}, &apiError{status: http.StatusRequestEntityTooLarge, code: "RequestEntityTooLarge", message: "Request is too large"}
	}
	x, refused := s.authenticate(r, service, s.now())
	if refused != nil {
		return nil, Caller{}, refused
	}
	sig, _ := readSignature(r)
	return handler, Caller{
		ARN: x.arn(), RoleARN: x.RoleARN, Account: x.role.Account, AccessKeyID: x.AccessKeyID, Service: sig.service, Region: sig.region,
	}, nil
}

// isS3 reports whether a service has S3's rules for signatures and errors.
func isS3(service string) bool {
	return service == "s3" || strings.HasPrefix(service, "s3-") || service == "s3express"
}

// toServer returns the request, perhaps of a client, as a server gets it.
func (r request) toServer(ctx context.Context) *http.Request {
	c := r.Clone(ctx)
	c.URL = &url.URL{Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}
	if c.URL.Path == "" {
		c.URL.Path = "/"
	}
	c.RequestURI = c.URL.RequestURI()
	c.Body, c.ContentLength, c.GetBody = io.NopCloser(bytes.NewReader(r.body)), int64(len(r.body)), nil
	return c
}

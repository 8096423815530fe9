package awsfedtest_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/idp/idptest"
)

// A serviceRequest is a request to a service, signed with the credentials of a test.
type serviceRequest struct {
	method, url, service string
	header               http.Header
	body                 string
	hash                 string                // "": that of body
	change               func(r *http.Request) // after the signature; may be nil
	presign              bool
}

// send signs the request with creds and returns the status and the body of the response. Zero
// credentials do not sign.
func (q serviceRequest) send(t *testing.T, client *http.Client, creds aws.Credentials) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), q.method, q.url, strings.NewReader(q.body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range q.header {
		r.Header[name] = values
	}
	if creds.AccessKeyID != "" {
		q.sign(t, r, creds)
	}
	if q.change != nil {
		q.change(r)
	}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func (q serviceRequest) sign(t *testing.T, r *http.Request, creds aws.Credentials) {
	t.Helper()
	hash := q.hash
	if hash == "" {
		sum := sha256.Sum256([]byte(q.body))
		hash = hex.EncodeToString(sum[:])
	}
	r.Header.Set("X-Amz-Content-Sha256", hash)
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = q.service == "s3" })
	if !q.presign {
		if err := signer.SignHTTP(t.Context(), creds, r, hash, q.service, "eu-central-1", time.Now()); err != nil {
			t.Fatal(err)
		}
		return
	}
	r.Header.Del("X-Amz-Content-Sha256")
	r.URL.RawQuery = "X-Amz-Expires=60"
	signed, _, err := signer.PresignHTTP(t.Context(), creds, r, "UNSIGNED-PAYLOAD", q.service, "eu-central-1", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if r.URL, err = r.URL.Parse(signed); err != nil {
		t.Fatal(err)
	}
}

// session assumes the role and returns the credentials.
func session(t *testing.T, s *awsfedtest.STS, iss *idptest.Issuer) aws.Credentials {
	t.Helper()
	_, provider := assume(t, s, iss)
	creds, err := provider.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return creds
}

func putObject(hash string) serviceRequest {
	return serviceRequest{
		method: http.MethodPut, url: "https://bucket.s3.eu-central-1.amazonaws.com/a%20key?x=1", service: "s3",
		header: http.Header{"Content-Type": {"application/json"}}, body: "hello", hash: hash,
	}
}

func getSecret(id string) serviceRequest {
	return serviceRequest{
		method: http.MethodPost, url: "https://secretsmanager.eu-central-1.amazonaws.com/", service: "secretsmanager",
		header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {"secretsmanager.GetSecretValue"}},
		body:   fmt.Sprintf(`{"SecretId":%q}`, id),
	}
}

func listBuckets() serviceRequest {
	return serviceRequest{method: http.MethodGet, url: "https://s3.eu-central-1.amazonaws.com/?x-id=ListBuckets", service: "s3"}
}

func describeInstances(more string) serviceRequest {
	return serviceRequest{
		method: http.MethodPost, url: "https://ec2.eu-central-1.amazonaws.com/", service: "ec2",
		header: http.Header{"Content-Type": {"application/x-www-form-urlencoded; charset=utf-8"}},
		body:   "Action=DescribeInstances&Version=2016-11-15" + more,
	}
}

// A handler gets the request as a server does, and the caller.
func TestHandleCallsHandler(t *testing.T) {
	t.Parallel()
	s, iss := setup(t)
	creds := session(t, s, iss)
	s.Handle("s3", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller, ok := awsfedtest.CallerFrom(r.Context())
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintln(w, caller.Service, caller.Region, caller.Account, caller.ARN, caller.RoleARN, caller.AccessKeyID == creds.AccessKeyID, ok)
		fmt.Fprintln(w, r.Method, r.Host, r.URL, r.RequestURI, string(body))
	}))
	want := "s3 eu-central-1 123456789012 arn:aws:sts::123456789012:assumed-role/deploy/env-" + idptest.EnvironmentID + " " + roleARN + " true true\n" +
		"PUT bucket.s3.eu-central-1.amazonaws.com /a%20key?x=1 /a%20key?x=1 hello\n"
	// S3 accepts a word instead of the hash of the body.
	for _, hash := range []string{"", "UNSIGNED-PAYLOAD"} {
		if status, body := putObject(hash).send(t, s.HTTPClient(), creds); status != http.StatusOK || body != want {
			t.Errorf("%q: response = %d %s, want 200 %s", hash, status, body, want)
		}
	}
	if n := len(s.Calls()); n != 1 {
		t.Errorf("the log has %d calls, want 1: requests to other services are not logged", n)
	}
	s.Handle("s3", nil)
	if status, body := putObject("").send(t, s.HTTPClient(), creds); status != http.StatusNotImplemented || !strings.Contains(body, "only sts; in a test, STS.Handle adds one") {
		t.Errorf("without a handler: %d %s, want 501", status, body)
	}
}

func TestHandlersOfServices(t *testing.T) {
	t.Parallel()
	s, iss := setup(t)
	creds := session(t, s, iss)
	s.Handle("secretsmanager", awsfedtest.SecretsManager(map[string]string{"db": "s3cr3t"}))
	s.Handle("s3", awsfedtest.S3("logs", "data"))
	s.Handle("ec2", awsfedtest.EC2("i-1", "i-2"))
	const arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:db"
	changed := func(q serviceRequest, header, value string) serviceRequest {
		q.header = q.header.Clone()
		q.header.Set(header, value)
		return q
	}
	tests := []struct {
		name    string
		request serviceRequest
		status  int
		want    string // a part of the body
	}{
		{"secret", getSecret("db"), 200, `"Name":"db","SecretString":"s3cr3t"`},
		{"secret by ARN", getSecret(arn + "-ONAFED"), 200, `"ARN":"` + arn + `-ONAFED"`},
		{"secret by partial ARN", getSecret(arn), 200, `"SecretString":"s3cr3t"`},
		{"secret of another account", getSecret("arn:aws:secretsmanager:eu-central-1:210987654321:secret:db"), 400, `"__type":"ResourceNotFoundException"`},
		{"no such secret", getSecret("other"), 400, `"__type":"ResourceNotFoundException"`},
		{"no secret ID", getSecret(""), 400, `"__type":"ValidationException"`},
		{"other operation", changed(getSecret("db"), "X-Amz-Target", "secretsmanager.ListSecrets"), 400, `"__type":"UnknownOperationException"`},
		{"buckets", listBuckets(), 200, "<Buckets><Bucket><Name>data</Name>"},
		{"objects of a bucket", serviceRequest{method: http.MethodGet, url: "https://logs.s3.eu-central-1.amazonaws.com/", service: "s3"}, 501, "<Code>NotImplemented</Code>"},
		{"instances", describeInstances(""), 200, "<instanceId>i-2</instanceId><instanceState><code>16</code><name>running</name></instanceState>"},
		{"selected instance", describeInstances("&InstanceId.1=i-2"), 200, "<reservationSet><item><reservationId>r-1</reservationId><ownerId>123456789012</ownerId><instancesSet><item><instanceId>i-2<"},
		{"no such instance", describeInstances("&InstanceId.1=i-3"), 400, "<Response><Errors><Error><Code>InvalidInstanceID.NotFound</Code>"},
		{"unknown parameter", describeInstances("&Filter.1.Name=x"), 400, "<Code>InvalidParameter</Code>"},
	}
	endpoint := awsfedtest.Start(t, s)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if status, body := tt.request.send(t, s.HTTPClient(), creds); status != tt.status || !strings.Contains(body, tt.want) {
				t.Errorf("in memory: %d %s, want %d %s", status, body, tt.status, tt.want)
			}
			if strings.HasPrefix(tt.request.url, "https://logs.") {
				return // the bucket is in the host name
			}
			// One URL for all services.
			onPort := tt.request
			onPort.url = endpoint + onPort.url[strings.Index(onPort.url, ".com/")+4:]
			if status, body := onPort.send(t, httpClient(t), creds); status != tt.status || !strings.Contains(body, tt.want) {
				t.Errorf("on a port: %d %s, want %d %s", status, body, tt.status, tt.want)
			}
		})
	}
}

// serviceRefusals are the status and the code with which a service refuses a request.
type serviceRefusals struct {
	name    string
	request serviceRequest
	format  string // a part of each body

	unsigned, unknownKey, badSignature, expired, badTime, otherScope string
}

// Each service has its own codes, statuses and format for the same refusals.
func TestServicesRefuseInTheirOwnFormat(t *testing.T) {
	t.Parallel()
	query := describeInstances("")
	query.url, query.service = "https://iam.amazonaws.com/", "iam"
	presigned := serviceRequest{method: http.MethodGet, url: "https://b.s3.eu-central-1.amazonaws.com/k", service: "s3", presign: true}
	services := []serviceRefusals{
		{
			"JSON", getSecret("db"), `{"__type":`,
			"400 MissingAuthenticationTokenException", "400 UnrecognizedClientException", "400 InvalidSignatureException", "400 ExpiredTokenException",
			"400 InvalidSignatureException", "400 InvalidSignatureException",
		},
		{
			"S3", putObject(""), "<Error><Code>",
			"403 AccessDenied", "403 InvalidAccessKeyId", "403 SignatureDoesNotMatch", "400 ExpiredToken", "403 RequestTimeTooSkewed", "403 SignatureDoesNotMatch",
		},
		{
			"S3 presigned", presigned, "<Error><Code>",
			"403 AccessDenied", "403 InvalidAccessKeyId", "403 SignatureDoesNotMatch", "400 ExpiredToken", "403 AccessDenied", "403 SignatureDoesNotMatch",
		},
		{
			"EC2", describeInstances(""), "<Response><Errors><Error><Code>",
			"403 MissingAuthenticationToken", "401 AuthFailure", "401 AuthFailure", "400 RequestExpired", "400 RequestExpired", "401 AuthFailure",
		},
		{
			"query protocol", query, "<ErrorResponse xmlns=",
			"403 MissingAuthenticationToken", "403 InvalidClientTokenId", "403 SignatureDoesNotMatch", "403 ExpiredToken", "403 SignatureDoesNotMatch", "403 SignatureDoesNotMatch",
		},
	}
	for _, svc := range services {
		t.Run(svc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, svc.test)
		})
	}
}

func (svc serviceRefusals) test(t *testing.T) {
	s, iss := setup(t)
	creds := session(t, s, iss)
	s.Handle(svc.request.service, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the request was accepted") }))
	check := func(rule, want string, q serviceRequest, creds aws.Credentials) {
		t.Helper()
		status, body := q.send(t, s.HTTPClient(), creds)
		compareRefusal(t, rule, status, body, want, svc.format)
	}
	other, wrongSecret, otherScope := creds, creds, svc.request
	other.SessionToken = "x"
	wrongSecret.SecretAccessKey = "x"
	otherScope.service = "sqs"
	check("unsigned", svc.unsigned, svc.request, aws.Credentials{})
	check("unknown session", svc.unknownKey, svc.request, other)
	check("wrong secret", svc.badSignature, svc.request, wrongSecret)
	check("signed for another service", svc.otherScope, otherScope, creds)
	s.SkewClock(20 * time.Minute)
	check("old signature", svc.badTime, svc.request, creds)
	s.SkewClock(0)
	s.ExpireCredentials(creds.AccessKeyID)
	check("expired session", svc.expired, svc.request, creds)
}

func compareRefusal(t *testing.T, rule string, status int, body, want, format string) {
	t.Helper()
	if got := fmt.Sprint(status, " ", codeOf(body)); got != want || !strings.Contains(body, format) {
		t.Errorf("%s: %s, want %s in the format %s\n%s", rule, got, want, format, body)
	}
}

// codeOf returns the code of an error in XML or JSON.
func codeOf(body string) string {
	m := regexp.MustCompile(`<Code>(\w+)</Code>|"__type":"(\w+)"`).FindStringSubmatch(body)
	if m == nil {
		return ""
	}
	return m[1] + m[2]
}

// The protocol of a request without a signature to the one URL of all services determines the
// service that refuses it. Without that service it is a malformed request to STS.
func TestUnsignedRequestsOnAPort(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	endpoint := awsfedtest.Start(t, s)
	withoutType := getSecret("db") // as from curl -d
	withoutType.header = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "X-Amz-Target": {"secretsmanager.GetSecretValue"}}
	all := map[string]struct {
		request         serviceRequest
		want, wantBySTS string
	}{
		"secretsmanager": {getSecret("db"), "400 MissingAuthenticationTokenException", "404 MalformedQueryString"},
		"s3":             {listBuckets(), "403 AccessDenied", "400 MissingAction"},
		"ec2":            {describeInstances(""), "403 MissingAuthenticationToken", "400 InvalidAction"},
	}
	check := func(name, want string) {
		t.Helper()
		q := all[name].request
		q.url = endpoint + q.url[strings.Index(q.url, ".com/")+4:]
		status, body := q.send(t, httpClient(t), aws.Credentials{})
		if got := fmt.Sprint(status, " ", codeOf(body)); got != want {
			t.Errorf("%s: %s, want %s\n%s", name, got, want, body)
		}
	}
	for name, tt := range all {
		check(name, tt.wantBySTS)
	}
	for name := range all {
		s.Handle(name, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the request was accepted") }))
	}
	for name, tt := range all {
		check(name, tt.want)
	}
	if status, body := withoutType.send(t, s.HTTPClient(), aws.Credentials{}); status != 400 || codeOf(body) != "MissingAuthenticationTokenException" {
		t.Errorf("another content type: %d %s, want the error in JSON", status, body)
	}
}

// OnCall gets the requests to other services, with the code of the response and the reason that the
// response does not give. The call log does not have them.
func TestOnCallOfServices(t *testing.T) {
	t.Parallel()
	iss := idptest.NewIssuer(t, nil)
	var calls []awsfedtest.Call
	s, err := awsfedtest.NewSTS(&awsfedtest.STSOptions{
		HTTPClient: iss.Client(),
		Providers:  []awsfedtest.Provider{{URL: iss.URL, ClientIDs: []string{audience}, Account: account}},
		Roles:      []awsfedtest.Role{{ARN: roleARN, TrustPolicy: orgPolicy(t, "")}},
		OnCall:     func(c awsfedtest.Call) { calls = append(calls, c) },
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Handle("secretsmanager", awsfedtest.SecretsManager(map[string]string{"db": "s3cr3t"}))
	s.Handle("s3", awsfedtest.S3("logs"))
	s.Handle("ec2", awsfedtest.EC2("i-1"))
	creds := session(t, s, iss)
	wrong := creds
	wrong.SecretAccessKey = "x"
	const changed = "another secret access key, or the request was changed after it was signed"
	for _, tt := range []struct {
		name  string
		q     serviceRequest
		creds aws.Credentials
		want  awsfedtest.Call
	}{
		{"secret", getSecret("db"), creds, awsfedtest.Call{Service: "secretsmanager", Action: "GetSecretValue", Status: 200}},
		{"no such secret", getSecret("no"), creds, awsfedtest.Call{Service: "secretsmanager", Action: "GetSecretValue", Status: 400, Code: "ResourceNotFoundException"}},
		{"wrong key", getSecret("db"), wrong, awsfedtest.Call{Service: "secretsmanager", Action: "GetSecretValue", Status: 400, Code: "InvalidSignatureException", Reason: changed}},
		{"buckets", listBuckets(), creds, awsfedtest.Call{Service: "s3", Action: "GET", Status: 200}},
		{"wrong key for S3", listBuckets(), wrong, awsfedtest.Call{Service: "s3", Action: "GET", Status: 403, Code: "SignatureDoesNotMatch", Reason: changed}},
		{"instances", describeInstances(""), creds, awsfedtest.Call{Service: "ec2", Action: "DescribeInstances", Status: 200}},
		{"wrong key for EC2", describeInstances(""), wrong, awsfedtest.Call{Service: "ec2", Action: "DescribeInstances", Status: 401, Code: "AuthFailure", Reason: changed}},
	} {
		calls = nil
		tt.q.send(t, s.HTTPClient(), tt.creds)
		want := tt.want
		if want.Reason == "" { // the caller is known
			want.RoleARN, want.SessionName, want.AccessKeyID = roleARN, "env-"+idptest.EnvironmentID, creds.AccessKeyID
		}
		ignored := cmpopts.IgnoreFields(awsfedtest.Call{}, "Time", "Duration", "RequestID", "UserAgent")
		if diff := cmp.Diff([]awsfedtest.Call{want}, calls, ignored); diff != "" {
			t.Errorf("%s: OnCall differs (-want +got):\n%s", tt.name, diff)
		}
		if len(calls) == 1 && calls[0].OK() != (want.Code == "") {
			t.Errorf("%s: OK = %v", tt.name, calls[0].OK())
		}
	}
	if n := len(s.Calls()); n != 1 {
		t.Errorf("the log has %d calls, want 1, of STS", n)
	}
}

// A body above the limit is refused, and so is a request whose body was changed.
func TestServiceBodies(t *testing.T) {
	t.Parallel()
	s, iss := setup(t)
	creds := session(t, s, iss)
	s.Handle("s3", awsfedtest.S3())
	large := putObject("UNSIGNED-PAYLOAD")
	large.body = strings.Repeat("x", 16<<20+1)
	if status, body := large.send(t, s.HTTPClient(), creds); status != http.StatusRequestEntityTooLarge {
		t.Errorf("17 MiB: %d %s, want 413", status, body)
	}
	changed := getSecret("db")
	changed.change = func(r *http.Request) { r.Body = io.NopCloser(bytes.NewReader([]byte(`{"SecretId":"no"}`))) }
	s.Handle("secretsmanager", awsfedtest.SecretsManager(map[string]string{"no": "x"}))
	if status, body := changed.send(t, s.HTTPClient(), creds); status != 400 || !strings.Contains(body, "InvalidSignatureException") {
		t.Errorf("changed body: %d %s, want InvalidSignatureException", status, body)
	}
}

// The handler gets the content of an upload in chunks.
func TestChunkedUploads(t *testing.T) {
	t.Parallel()
	s, iss := setup(t)
	creds := session(t, s, iss)
	s.Handle("s3", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %d %s", body, r.ContentLength, r.Header.Get("Content-Encoding"))
	}))
	for _, tt := range []struct{ name, encoding, length, body, want string }{
		{"one chunk", "aws-chunked", "5", "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n", "hello 5 "},
		{"two chunks with signatures", "aws-chunked", "", "5;chunk-signature=1\r\nhello\r\nA;chunk-signature=2\r\n0123456789\r\n0;chunk-signature=3\r\n\r\n", "hello0123456789 15 "},
		{"compressed content", "gzip, aws-chunked", "5", "5\r\nhello\r\n0\r\n\r\n", "hello 5 gzip"},
		{"no content", "aws-chunked", "0", "0\r\n\r\n", " 0 "},
		{"encoding is not named", "", "5", "5\r\nhello\r\n0\r\n\r\n", "hello 5 "},
		{"no last chunk", "aws-chunked", "5", "5\r\nhello\r\n", "IncompleteBody"},
		{"too short", "aws-chunked", "5", "6\r\nhello\r\n0\r\n\r\n", "IncompleteBody"},
		{"another length", "aws-chunked", "6", "5\r\nhello\r\n0\r\n\r\n", "IncompleteBody"},
		{"size is not a number", "aws-chunked", "", "-5\r\nhello\r\n0\r\n\r\n", "IncompleteBody"},
		{"size overflows", "aws-chunked", "", "ffffffffffffffff\r\nhello\r\n0\r\n\r\n", "IncompleteBody"},
		{"not chunks", "aws-chunked", "", "hello", "IncompleteBody"},
	} {
		q := putObject("STREAMING-UNSIGNED-PAYLOAD-TRAILER")
		q.body, q.header = tt.body, http.Header{"X-Amz-Decoded-Content-Length": {tt.length}}
		if tt.encoding != "" {
			q.header.Set("Content-Encoding", tt.encoding)
		}
		if _, body := q.send(t, s.HTTPClient(), creds); body != tt.want && (tt.want != "IncompleteBody" || codeOf(body) != tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, body, tt.want)
		}
	}
}

// Chunks that encode some content are decoded to it, and nothing else makes the decoder fail.
func FuzzChunks(f *testing.F) {
	f.Add([]byte("hello"), 3)
	f.Add([]byte("5\r\nhello\r\n0\r\n\r\n"), 1)
	f.Add([]byte("7fffffff\r\n"), 0)
	f.Fuzz(func(t *testing.T, content []byte, size int) {
		if decoded, ok := awsfedtest.DecodeChunks(content); ok == (decoded == nil) || len(decoded) > len(content) {
			t.Errorf("DecodeChunks(%q) = %q, %v", content, decoded, ok)
		}
		if size < 1 {
			return
		}
		var b bytes.Buffer
		for chunk := range slices.Chunk(content, size) {
			fmt.Fprintf(&b, "%x;a=b\r\n%s\r\n", len(chunk), chunk)
		}
		b.WriteString("0\r\nx:y\r\n\r\n")
		if decoded, ok := awsfedtest.DecodeChunks(b.Bytes()); !ok || !bytes.Equal(decoded, content) {
			t.Errorf("DecodeChunks(%q) = %q, %v, want %q", b.Bytes(), decoded, ok, content)
		}
	})
}

func TestHandleReservesSTS(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	defer func() {
		if recover() == nil {
			t.Error("Handle accepted sts")
		}
	}()
	s.Handle("sts", http.NotFoundHandler())
}

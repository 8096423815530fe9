package awsfedtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/onafed/onafed/internal/quote"
)

// apiVersion is the only version of the STS API that there is.
const apiVersion = "2011-06-15"

// errReset is how a dropped connection looks to a client in memory.
var errReset = fmt.Errorf("awsfedtest: read: %w", syscall.ECONNRESET)

// An answer is a response that has not been written yet.
type answer struct {
	status   int
	header   http.Header
	body     []byte
	truncate bool // send half of the body
}

// An operation is one call on its way through the STS.
type operation struct {
	request request
	form    form
	now     time.Time // by the STS's own clock
	call    *Call
}

// serve answers one request, however it came. An error means that there is no answer: the caller has gone (the error is that of
// its context), or an injected fault dropped the connection.
func (s *STS) serve(ctx context.Context, r request) (answer, error) {
	start := time.Now()
	call := Call{Number: s.log.begin(), Time: start, UserAgent: quote.Clean(r.header.Get("User-Agent"), 200)}
	call.RequestID = s.requestID(call.Number)
	defer func() {
		call.Duration = time.Since(start)
		s.log.add(call)
		if s.onCall != nil {
			s.onCall(call)
		}
	}()

	f, unreadable := readForm(r)
	note(&call, f)
	fault, faulty := s.faults.take(call.Action, call.RoleARN)
	call.Fault = faulty
	if err := wait(ctx, fault.Delay); err != nil {
		return answer{}, err
	}
	if fault.Break == BreakHang {
		<-ctx.Done()
		return answer{}, ctx.Err()
	}
	if fault.Break == BreakReset {
		return answer{}, errReset
	}

	op := &operation{request: r, form: f, now: time.Now().Add(fault.Clock), call: &call}
	a := answer{header: http.Header{}}
	var doc any
	refused := unreadable
	switch {
	case fault.Code != "":
		refused = refuse(fault.Code, fault.Message).because("injected")
		if fault.Status != 0 {
			refused.status = fault.Status
		}
		if fault.RetryAfter > 0 {
			a.header.Set("Retry-After", strconv.Itoa(int((fault.RetryAfter+time.Second-1)/time.Second)))
		}
	case fault.Break == BreakHTML:
		a.header.Set("Content-Type", "text/html")
		a.status, a.body = http.StatusBadGateway, []byte("<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n")
		call.Status, call.Reason = a.status, "injected"
	case s.limit != nil && !s.limit.Allow():
		refused = refuse("Throttling", "")
	case refused == nil:
		var d document
		if d, refused = s.operate(ctx, op); refused == nil {
			d.setRequestID(call.RequestID)
			if fault.Break == BreakEmpty {
				d.dropCredentials()
			}
			doc = d
		}
	}
	if err := ctx.Err(); err != nil {
		return answer{}, err // what was refused because the caller left is nobody's answer
	}
	if refused != nil {
		call.Status, call.Code, call.Reason = refused.status, refused.code, refused.reason
		doc = errorDocument(refused, call.RequestID)
	}
	if doc != nil {
		body, err := xml.MarshalIndent(doc, "", "  ")
		if err != nil {
			return answer{}, fmt.Errorf("awsfedtest: %w", err)
		}
		a.header.Set("Content-Type", "text/xml")
		a.header.Set("X-Amzn-Requestid", call.RequestID)
		a.status, a.body = http.StatusOK, append(body, '\n')
		if refused != nil {
			a.status = refused.status
		}
		call.Status = a.status
	}
	a.header.Set("Date", op.now.UTC().Format(http.TimeFormat))
	a.truncate = fault.Break == BreakTruncate
	return a, nil
}

// operate carries out the call.
func (s *STS) operate(ctx context.Context, op *operation) (document, *apiError) {
	if v := op.form["Version"]; v != apiVersion {
		return nil, refuse("InvalidAction", "Could not find operation "+quote.Clean(op.call.Action, 64)+" for version "+quote.Clean(v, 16))
	}
	switch op.call.Action {
	case "AssumeRoleWithWebIdentity":
		return s.assumeRoleWithWebIdentity(ctx, op)
	case "AssumeRole":
		return s.assumeRole(op)
	case "GetCallerIdentity":
		return s.getCallerIdentity(op)
	default:
		return nil, refuse("InvalidAction", "Could not find operation "+quote.Clean(op.call.Action, 64)+" for version "+apiVersion)
	}
}

// readForm takes the parameters from the body, or, for presigned URLs, from the query.
func readForm(r request) (form, *apiError) {
	text := string(r.body)
	switch r.method {
	case http.MethodPost:
		if kind, _, _ := strings.Cut(r.header.Get("Content-Type"), ";"); !strings.EqualFold(strings.TrimSpace(kind), "application/x-www-form-urlencoded") {
			return nil, refuse("MalformedQueryString", "").because("Content-Type is %s", quote.Text(kind, 64))
		}
	case http.MethodGet:
		text = r.url.RawQuery
	default:
		return nil, refuse("MalformedQueryString", "").because("method is %s", quote.Text(r.method, 16))
	}
	if len(text) > maxBody {
		return nil, &apiError{status: http.StatusRequestEntityTooLarge, code: "RequestEntityTooLarge", message: "Request is too large"}
	}
	f, err := parseForm(text)
	if err != nil {
		return nil, refuse("MalformedQueryString", "").because("%v", err)
	}
	if f["Action"] == "" {
		return f, refuse("MissingAction", "")
	}
	return f, nil
}

// note writes into the log what a call asks for, before anything is judged.
func note(call *Call, f form) {
	call.Action, call.RoleARN, call.SessionName = quote.Clean(f["Action"], 64), quote.Clean(f["RoleArn"], 2048), quote.Clean(f["RoleSessionName"], 64)
	call.Seconds, _ = strconv.Atoi(f["DurationSeconds"])
	if token := f["WebIdentityToken"]; token != "" {
		sum := sha256.Sum256([]byte(token))
		call.Token = hex.EncodeToString(sum[:4])
	}
}

// requestID is a UUID that counts, so that a test's output is the same from run to run.
func (s *STS) requestID(n int) string {
	return fmt.Sprintf("00000000-0000-4000-8000-%012x", n)
}

// wait returns nil after d, or the context's error as soon as it ends.
func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

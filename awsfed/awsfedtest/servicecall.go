package awsfedtest

import (
	"cmp"
	"encoding/xml"
	"strings"
	"time"

	"github.com/onafed/onafed/internal/fakehttp"
	"github.com/onafed/onafed/internal/quote"
)

// report completes the call of a service other than STS and gives it to OnCall.
func (s *STS) report(call Call, resp *fakehttp.Response, err error) {
	if s.onCall == nil {
		return
	}
	call.Duration = time.Since(call.Time)
	if err != nil {
		call.Reason = "no response: " + err.Error()
	} else {
		call.Status, call.Code = resp.Status, errorCode(resp)
	}
	s.onCall(call)
}

// errorCode returns the code of an error response, as clients read it, or "".
func errorCode(resp *fakehttp.Response) string {
	if resp.Status < 400 {
		return ""
	}
	code := resp.Fields.Get("X-Amzn-Errortype")
	if code == "" {
		var doc struct {
			Code  string
			Query string `xml:"Error>Code"`
			EC2   string `xml:"Errors>Error>Code"`
		}
		if xml.Unmarshal(resp.Body, &doc) == nil {
			code = cmp.Or(doc.Code, doc.Query, doc.EC2)
		}
	}
	return quote.Clean(code, 64)
}

// action returns the operation in a request to a service other than STS. If the request does not
// name one, as in S3, it returns the HTTP method.
func (r request) action() string {
	action := r.Method
	if _, operation, ok := strings.Cut(r.Header.Get("X-Amz-Target"), "."); ok {
		action = operation
	} else if strings.HasPrefix(r.Header.Get("Content-Type"), formType) && len(r.body) <= maxBody {
		if f, err := parseForm(string(r.body)); err == nil {
			action = cmp.Or(f["Action"], action)
		}
	}
	return quote.Clean(action, 64)
}

// userAgent returns the program that sent a request.
func (r request) userAgent() string { return quote.Clean(r.Header.Get("User-Agent"), 200) }

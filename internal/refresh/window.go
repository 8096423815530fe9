package refresh

import "time"

// Windows are the limits in the life of a value, by the wall clock.
type Windows struct {
	// Advisory is when the value begins to be refreshed in the background.
	Advisory time.Time
	// Mandatory is when callers begin to wait up to a second for the refresh.
	Mandatory time.Time
	// Expires is when the value expires.
	Expires time.Time
}

const (
	// maxRounding is the largest difference between a measured lifetime and the whole minutes that
	// were requested. An issuer cuts the expiry to seconds, and the request takes time.
	maxRounding = 5 * time.Second

	// maxMandatory is the mandatory window of the common refresh rule of the AWS SDKs. For a short
	// lifetime, the window is a tenth of it.
	maxMandatory = time.Minute
)

// nominal returns the requested lifetime, given the measured one.
func nominal(life time.Duration) time.Duration {
	if r := life.Round(time.Minute); r > 0 && (r-life).Abs() <= maxRounding {
		return r
	}
	return life
}

// advisoryWindow returns the length of the window for a lifetime.
//
// If window, which is [Rules].AdvisoryWindow, is zero, it is 5 minutes up to 20 minutes, 15 minutes
// below 90 minutes, otherwise 60 minutes, as in the common refresh rule of the AWS SDKs, plus up to a
// quarter. jitter is in [0, 1). The window is never shorter than these times, so that callers do not
// notice an outage of that length. It is at most half of the lifetime, so that a value is not in its
// window from the start.
//
// Otherwise it is window. A tenth of the life stays outside, so that a new value is not due when it
// arrives.
func advisoryWindow(life, window time.Duration, jitter float64) time.Duration {
	if window > 0 {
		return min(window, life-life/10)
	}
	w := 60 * time.Minute
	switch n := nominal(life); {
	case n <= 20*time.Minute:
		w = 5 * time.Minute
	case n < 90*time.Minute:
		w = 15 * time.Minute
	}
	w += time.Duration(jitter * 0.25 * float64(w))
	return min(w, life/2)
}

func mandatoryWindow(life time.Duration) time.Duration {
	return min(maxMandatory, life/10)
}

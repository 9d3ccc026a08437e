package highs

import (
	"math"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/ebitengine/purego"

	"hinge/milp"
)

// Kinds of callback.
const (
	callbackSimplexInterrupt  = 1
	callbackInteriorInterrupt = 2
	callbackImprovingSolution = 4
	callbackMIPInterrupt      = 6
)

var callbackKinds = [...]int32{callbackSimplexInterrupt, callbackInteriorInterrupt,
	callbackImprovingSolution, callbackMIPInterrupt}

// watch is what callbacks of one solve read and write.
type watch struct {
	stop        func() error // not nil: HiGHS must stop
	problem     *milp.Problem
	lib         *library
	onIncumbent func(objective float64, x []float64)
	best        float64   // objective of the last point handed on
	x           []float64 // its copy: HiGHS's own must not be written to
	panicked    any       // of onIncumbent
}

// watches finds the watch of a callback by the number that HiGHS carries around
// for us: a Go pointer must not be kept by C.
var (
	watches sync.Map // uintptr -> *watch
	watchID atomic.Uintptr
)

// trampoline is the C address of dispatch. There is one for the whole process,
// since such an address can never be given back.
var trampoline = sync.OnceValue(func() uintptr { return purego.NewCallback(dispatch) })

// watch routes the object's callbacks to w, until the returned function is called.
func (m *object) watch(w *watch) (done func()) {
	id := watchID.Add(1)
	watches.Store(id, w)
	m.call("setCallback", m.lib.setCallback(m.h, trampoline(), id))
	for _, kind := range callbackKinds {
		m.call("startCallback", m.lib.startCallback(m.h, kind))
	}
	return func() { watches.Delete(id) }
}

// dispatch is called by HiGHS. out is read by item names only, since its layout
// differs between versions; in begins with the interrupt flag in all of them.
func dispatch(kind int32, _, out unsafe.Pointer, in *int32, id uintptr) {
	found, ok := watches.Load(id)
	if !ok {
		return
	}
	w := found.(*watch)
	if kind == callbackImprovingSolution {
		w.improve(out)
		return
	}
	if in != nil && (w.panicked != nil || w.stop() != nil) {
		*in = 1
	}
}

// improve hands a better point on. A panic must not unwind the C++ frames below
// us: it is kept, HiGHS is told to stop, and Solve panics in its place.
func (w *watch) improve(out unsafe.Pointer) {
	if w.onIncumbent == nil || w.panicked != nil {
		return
	}
	defer func() { w.panicked = recover() }()
	item := (*float64)(w.lib.callbackItem(out, "mip_solution"))
	if item == nil {
		return
	}
	w.x = append(w.x[:0], unsafe.Slice(item, w.problem.Vars())...)
	objective := w.problem.Objective(w.x)
	if math.IsNaN(objective) || objective >= w.best {
		return
	}
	w.best = objective
	w.onIncumbent(objective, w.x)
}

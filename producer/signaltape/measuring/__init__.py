"""What an engine measures of itself: histograms that can be added up, and what records them every few seconds."""

from signaltape.measuring.histogram import Histogram
from signaltape.measuring.recorder import Recorder, recorder_of

__all__ = ["Histogram", "Recorder", "recorder_of"]

"""XGBoost has its scikit-learn interface here, whichever test imports it first.

Our workflow hides scikit-learn while it imports XGBoost, unless that is imported already; one test
reads the interface to learn the names of parameters.
"""

import sklearn  # noqa: F401

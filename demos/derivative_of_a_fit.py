# %% [markdown]
"""
# Derivative of a fit

Text.
"""

# %%
print("derivative_of_a_fit")
